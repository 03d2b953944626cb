package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The records of {@link EnvoyDifferentialIT}, played against the real Envoy, so that they can't go stale. */
class EnvoyRecordsIT {
    @TestFactory
    Stream<DynamicTest> recordsAreWhatEnvoyDoes() throws IOException {
        Tools.need("python3", "-c", "import h2");
        Tools.need("envoy", "--version");
        return EnvoyDifferentialIT.play("envoy");
    }

    /** The rows of the proxy's AcceptanceTest. */
    @Test
    void theTableOfAcceptanceIsEnvoys() throws Exception {
        Tools.need("python3", "-c", "import h2");
        Tools.need("envoy", "--version");
        Tools.Result told = Tools.run(
                Tools.root(),
                300,
                List.of(
                        "python3",
                        Tools.root()
                                .resolve("deploy/src/test/python/searchdiff.py")
                                .toString(),
                        "--table",
                        Tools.root()
                                .resolve("proxy/src/test/resources/dev/mishap/proxy/cli/acceptance.txt")
                                .toString()));
        assertThat(told.exit()).as(told.out() + told.err()).isZero();
    }
}
