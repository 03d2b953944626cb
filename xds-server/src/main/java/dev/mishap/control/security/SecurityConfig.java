package dev.mishap.control.security;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a server is guarded.
 *
 * @param certificate PEM of the server; null = no TLS
 * @param key PEM of the certificate
 * @param clientAuthority PEM of what signs clients' certificates; proxies must then have one that speaks for their node
 * @param nodeMappings see {@link NodeAuthorizer}
 * @param insecure plain text beyond this machine is meant
 * @param anonymous what a caller from this machine may do without credentials: a role, {@code none}, or {@code auto}: admin if nobody
 *     else can reach the server and no identity provider is named, else none
 * @param provider null = no OIDC
 * @param bindings file of {@link Bindings}; null = none
 * @param callsPerSecond of one caller
 * @param origins pages of these origins may call the API (CORS); empty = none
 */
public record SecurityConfig(
        @Nullable Path certificate,
        @Nullable Path key,
        @Nullable Path clientAuthority,
        List<String> nodeMappings,
        boolean insecure,
        String anonymous,
        Oidc.@Nullable Provider provider,
        @Nullable Path bindings,
        double callsPerSecond,
        Set<String> origins) {
    public SecurityConfig {
        origins = Set.copyOf(origins);
        nodeMappings = List.copyOf(nodeMappings);
    }

    /** Plain text, for this machine only. */
    public static SecurityConfig local() {
        return new SecurityConfig(
                null,
                null,
                null,
                List.of(),
                false,
                "auto",
                null,
                null,
                Authenticator.Policy.DEFAULT_PER_SECOND,
                Set.of());
    }
}
