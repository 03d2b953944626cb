package dev.mishap.deploy;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The records of {@link EnvoyDifferentialIT}, played against the real Envoy, so that they can't go stale. */
class EnvoyRecordsIT {
    @TestFactory
    Stream<DynamicTest> recordsAreWhatEnvoyDoes() throws IOException {
        Tools.need("python3", "-c", "import h2");
        Tools.need("envoy", "--version");
        return EnvoyDifferentialIT.play("envoy");
    }
}
