package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that call a control plane, against one that a stranger cannot: TLS, tokens, roles, and the log of it all. */
class ControlPlaneCliIT {
    @TempDir
    private Path directory;

    private Tools.Result mishap(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(Tools.launcher().toString()));
        command.addAll(List.of(arguments));
        return Tools.run(
                directory,
                60,
                Map.of("MISHAP_CONFIG", directory.resolve("config.yaml").toString()),
                command);
    }

    @Test
    void rulesOverTlsByTokensAndRoles() throws Exception {
        Tools.need("openssl", "version");
        Tools.run(
                directory,
                60,
                List.of(
                        "openssl",
                        "req",
                        "-x509",
                        "-nodes",
                        "-days",
                        "2",
                        "-newkey",
                        "ec",
                        "-pkeyopt",
                        "ec_paramgen_curve:P-256",
                        "-subj",
                        "/CN=mishap",
                        "-keyout",
                        "key.pem",
                        "-out",
                        "cert.pem",
                        "-addext",
                        "subjectAltName=IP:127.0.0.1,DNS:localhost"));
        Path data = Files.createDirectory(directory.resolve("data"));
        try (ControlPlaneProcess serve = new ControlPlaneProcess(
                directory,
                "--data-dir",
                data.toString(),
                "--anonymous",
                "none",
                "--tls-cert",
                directory.resolve("cert.pem").toString(),
                "--tls-key",
                directory.resolve("key.pem").toString())) {
            Path first = data.resolve("first-admin-token");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(first)))
                    .isEqualTo("rw-------");
            String url = "https://127.0.0.1:" + serve.apiPort();
            Tools.Result context = mishap(
                    "config",
                    "set-context",
                    "it",
                    "--server",
                    url,
                    "--ca-file",
                    directory.resolve("cert.pem").toString(),
                    "--token-file",
                    first.toString());
            assertThat(context.exit()).as(context.toString()).isZero();

            Path rules = Files.writeString(directory.resolve("rules.yaml"), """
                    apiVersion: mishap.dev/v1
                    kind: FaultRule
                    metadata: {name: canary-503, namespace: staging}
                    spec: {ttl: 5m, fault: {abort: {httpStatus: 503}}, percentage: 40}
                    """);
            assertThat(mishap("apply", "-f", rules.toString()).out()).isEqualTo("rule staging/canary-503 created\n");
            Tools.Result token = mishap("token", "create", "ci", "--role", "viewer", "-n", "staging");
            assertThat(token.exit()).as(token.toString()).isZero();
            String viewer =
                    Files.writeString(directory.resolve("viewer"), token.out()).toString();
            assertThat(mishap("get", "rules", "-n", "staging", "--token-file", viewer)
                            .out())
                    .contains("canary-503");
            Tools.Result refused = mishap("stop", "--all", "--token-file", viewer);
            assertThat(refused.exit()).isEqualTo(1);
            assertThat(refused.toString()).contains("token:ci needs the role operator");
            assertThat(mishap("get", "rules", "--token", "mishap_guessed").exit())
                    .isEqualTo(1);
            assertThat(mishap("delete", "rule", "canary-503", "-n", "staging").exit())
                    .isZero();
            Sidecar.await(() -> {
                try {
                    String audit = mishap("audit").out();
                    return audit.contains("rule.delete") && audit.contains("token.create");
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            assertThat(serve.log())
                    .doesNotContain(Files.readString(first).strip())
                    .doesNotContain(token.out().strip())
                    .doesNotContain("mishap_guessed");
        }
    }
}
