package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code original_dst} behind iptables' REDIRECT, in a network namespace of its own. The real Envoy goes through the same. */
@Timeout(120)
class RedirectIT {
    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource
    void redirectedConnectionsGoWhereTheyWere(ProxyProcess.Kind kind) {
        kind.need();
        Tools.need("unshare", "--net", "iptables", "-t", "nat", "-L");
        List<String> command = new ArrayList<>(List.of("unshare", "--net", "python3"));
        command.add(
                Tools.root().resolve("deploy/src/test/python/redirect_check.py").toString());
        command.addAll(kind.command());
        Tools.Result result = Tools.run(directory, 90, command);
        assertThat(result.out() + result.err()).contains("every connection went where it was going");
        assertThat(result.exit()).isZero();
    }
}
