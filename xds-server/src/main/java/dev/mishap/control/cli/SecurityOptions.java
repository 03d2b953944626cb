package dev.mishap.control.cli;

import dev.mishap.control.security.Oidc;
import dev.mishap.control.security.SecurityConfig;
import dev.mishap.control.serve.Bootstraps;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
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
            paramLabel = "NAME => cluster=CLUSTER, namespace=NAMESPACE",
            description = "Which node a certificate's name speaks for, such as"
                    + " 'spiffe://example.org/ns/{ns}/sa/{sa} => cluster={sa}.{ns}, namespace={ns}'. Many times."
                    + " Without a namespace: that of a SPIFFE ID (/ns/NAMESPACE/), else default.")
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

    @Option(
            names = "--oidc-issuer",
            paramLabel = "URL",
            description = "Take JWTs of this OpenID Connect provider; --role-bindings says who may do what.")
    private @Nullable String issuer;

    @Option(
            names = "--oidc-audience",
            paramLabel = "NAME",
            description = "Whom its tokens must be for. Default: ${DEFAULT-VALUE}.",
            defaultValue = "mishap")
    private String audience = "";

    @Option(
            names = "--oidc-keys",
            paramLabel = "URL|FILE",
            description = "Its keys (JWKS). Default: as its discovery document says.")
    private @Nullable String keys;

    @Option(
            names = "--oidc-name",
            paramLabel = "CLAIM",
            description = "What callers are called by in the audit log. Default: ${DEFAULT-VALUE}.",
            defaultValue = "email")
    private String nameClaim = "";

    @Option(
            names = "--rate-limit",
            paramLabel = "N",
            description =
                    "API calls a second of one caller; ten times as many may come at once. Default: ${DEFAULT-VALUE}.",
            defaultValue = "1000")
    private double rate;

    @Option(
            names = "--cors-origin",
            paramLabel = "ORIGIN",
            description = "Web pages of this origin may call the API. Many times. Default: none.")
    private Set<String> origins = Set.of();

    boolean tls() {
        return certificate != null;
    }

    /** What a bootstrap for this server needs. */
    Bootstraps.Tls clientTls() {
        return certificate == null
                ? Bootstraps.Tls.NONE
                : clientAuthority == null ? Bootstraps.Tls.SERVER : Bootstraps.Tls.MUTUAL;
    }

    SecurityConfig config() {
        return new SecurityConfig(
                certificate,
                key,
                clientAuthority,
                nodeMappings,
                insecure,
                anonymous,
                issuer == null ? null : new Oidc.Provider(issuer, audience, keys, nameClaim),
                bindings,
                rate,
                origins);
    }
}
