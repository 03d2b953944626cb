package dev.mishap.control.cli;

import dev.mishap.control.security.Authenticator;
import dev.mishap.control.security.SecurityConfig;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a server is guarded, as flags. */
final class SecurityOptions {
    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description = "The server's certificate, PEM; read again when it changes.")
    private @Nullable Path certificate;

    @Option(names = "--tls-key", paramLabel = "FILE", description = "Its key, PEM.")
    private @Nullable Path key;

    @Option(
            names = "--tls-client-ca",
            paramLabel = "FILE",
            description = "What signs the certificates of clients, which proxies must then have.")
    private @Nullable Path clientAuthority;

    @Option(
            names = "--node-identity",
            paramLabel = "NAME => cluster=CLUSTER",
            description = "Which node a certificate's name speaks for, such as"
                    + " 'spiffe://example.org/ns/{ns}/sa/{sa} => cluster={sa}.{ns}'. Many times.")
    private List<String> nodeMappings = List.of();

    @Option(names = "--insecure", description = "Plain text beyond this machine is meant.")
    private boolean insecure;

    @Option(
            names = "--anonymous",
            paramLabel = "ROLE",
            description =
                    "What callers from this machine may do without a token: viewer, operator, admin, none, or auto.",
            defaultValue = "auto")
    private String anonymous = "auto";

    @Option(names = "--role-bindings", paramLabel = "FILE", description = "Who may do what, as YAML.")
    private @Nullable Path bindings;

    boolean tls() {
        return certificate != null;
    }

    SecurityConfig config() {
        return new SecurityConfig(
                certificate,
                key,
                clientAuthority,
                nodeMappings,
                insecure,
                anonymous,
                null,
                bindings,
                Authenticator.Policy.DEFAULT_PER_SECOND);
    }
}
