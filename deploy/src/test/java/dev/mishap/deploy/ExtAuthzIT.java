package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The {@code ext_authz} filter with a gRPC service of the reference implementation, whose answers the test chooses: what the service is
 * asked, what becomes of its answers, stats and log, as recorded from the real Envoy, which goes through the same.
 */
@Timeout(120)
class ExtAuthzIT {
    private static final int LISTENERS = 4;

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void theServiceDecides(ProxyProcess.Kind kind) throws IOException {
        kind.need();
        Tools.need("python3", "-c", "import grpc");
        Path scripts = Tools.root().resolve("deploy/src/test/python");
        String configuration =
                Files.readString(scripts.resolve("ext_authz.yaml")).replace("${directory}", directory.toString());
        List<String> ports = new ArrayList<>();
        for (String name : List.of("authz", "upstream")) {
            ports.add(Integer.toString(ProxyProcess.freePort()));
            configuration = configuration.replace("${" + name + "}", ports.get(ports.size() - 1));
        }
        for (int i = 0; i < LISTENERS; i++) {
            ports.add(Integer.toString(ProxyProcess.freePort()));
            configuration = configuration.replace("${listener_" + i + "}", ports.get(ports.size() - 1));
        }
        try (ProxyProcess proxy = new ProxyProcess(kind, directory, configuration)) {
            List<String> command = new ArrayList<>(
                    List.of("python3", scripts.resolve("ext_authz_check.py").toString()));
            command.add(Integer.toString(proxy.adminPort()));
            command.addAll(ports);
            command.add(directory.resolve("access.log").toString());
            Tools.Result result = Tools.run(directory, 90, command);
            assertThat(result.err()).isEmpty();
            assertThat(result.out()).isEqualTo(Files.readString(scripts.resolve("ext_authz_check.txt")));
            assertThat(proxy.leaks()).isEmpty();
        }
    }
}
