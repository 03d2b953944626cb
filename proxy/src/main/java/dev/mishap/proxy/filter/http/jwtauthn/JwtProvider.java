package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.DataSource;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.route.match.StringMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One issuer of tokens: {@code JwtProvider}, resolved.
 *
 * @param issuer {@code ""} = any
 * @param audiences one of which a token must be for; empty = any
 * @param subjects null = any
 * @param maxLifetimeSeconds how much longer a token may be valid; -1 = no limit
 * @param forward whether the token stays in the request
 * @param payloadHeader gets the payload as it came, or null
 * @param localKeys null when they are fetched
 * @param failureMetadata under this key of the filter's namespace stands why a token was refused, {@code ""} = nowhere
 * @param payloadMetadata under this key of the filter's namespace, {@code ""} = nowhere
 */
record JwtProvider(
        String name,
        String issuer,
        Set<String> audiences,
        @Nullable StringMatcher subjects,
        boolean requireExpiration,
        long maxLifetimeSeconds,
        long clockSkewSeconds,
        TokenLocations locations,
        @Nullable Jwks localKeys,
        @Nullable RemoteKeys remoteKeys,
        boolean forward,
        @Nullable HeaderName payloadHeader,
        boolean padPayloadHeader,
        String payloadMetadata,
        Set<String> spaceDelimitedClaims,
        String headerMetadata,
        String failureMetadata,
        List<ClaimHeader> claimHeaders,
        boolean clearRouteCache) {
    private static final String PACKAGE = "envoy.extensions.filters.http.jwt_authn.v3.";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(PACKAGE + "JwtProvider")
                    .supported(
                            "issuer",
                            "audiences",
                            "subjects",
                            "require_expiration",
                            "max_lifetime",
                            "local_jwks",
                            "remote_jwks",
                            "forward",
                            "from_headers",
                            "from_params",
                            "from_cookies",
                            "forward_payload_header",
                            "pad_forward_payload_header",
                            "payload_in_metadata",
                            "normalize_payload_in_metadata",
                            "header_in_metadata",
                            "failed_status_in_metadata",
                            "clock_skew_seconds",
                            "claim_to_headers",
                            "clear_route_cache")
                    .accepted("jwt_cache_config", "it tunes a cache; each token is verified"),
            SupportedFields.of(PACKAGE + "JwtProvider.NormalizePayload").supported("space_delimited_claims"),
            SupportedFields.of(PACKAGE + "JwtHeader").supported("name", "value_prefix"),
            SupportedFields.of(PACKAGE + "JwtClaimToHeader").supported("header_name", "claim_name"));

    private static final long DEFAULT_CLOCK_SKEW = 60;

    /** Makes what fetches a provider's keys. */
    @FunctionalInterface
    interface RemoteSource {
        RemoteKeys keys(String provider, ConfigNode remote);
    }

    /** A claim that goes into a header; the path of its name, whose parts are joined by dots. */
    record ClaimHeader(HeaderName header, List<String> claim) {}

    static JwtProvider from(String name, ConfigNode node, RemoteSource source) {
        Set<String> audiences = new TreeSet<>();
        for (String audience : node.strings("audiences")) {
            audiences.add(Audiences.normalize(audience));
        }
        ConfigNode remote = node.message("remote_jwks");
        ConfigNode subjects = node.message("subjects");
        long lifetime = node.durationNanos("max_lifetime", -1);
        long skew = node.integer("clock_skew_seconds", 0);
        String payloadHeader = node.string("forward_payload_header");
        ConfigNode normalize = node.message("normalize_payload_in_metadata");
        List<ClaimHeader> claims = new ArrayList<>();
        for (ConfigNode claim : node.messages("claim_to_headers")) {
            claims.add(new ClaimHeader(
                    HeaderName.of(claim.string("header_name")),
                    List.of(claim.string("claim_name").split("\\."))));
        }
        return new JwtProvider(
                name,
                node.string("issuer"),
                Set.copyOf(audiences),
                subjects == null ? null : StringMatcher.from(subjects),
                node.bool("require_expiration", false),
                lifetime < 0 ? -1 : lifetime / 1_000_000_000,
                skew == 0 ? DEFAULT_CLOCK_SKEW : skew,
                TokenLocations.from(node),
                remote == null ? keys(name, node) : null,
                remote == null ? null : source.keys(name, remote),
                node.bool("forward", false),
                payloadHeader.isEmpty() ? null : HeaderName.of(payloadHeader),
                node.bool("pad_forward_payload_header", false),
                node.string("payload_in_metadata"),
                normalize == null ? Set.of() : Set.copyOf(normalize.strings("space_delimited_claims")),
                node.string("header_in_metadata"),
                node.string("failed_status_in_metadata"),
                List.copyOf(claims),
                node.bool("clear_route_cache", false));
    }

    private static Jwks keys(String name, ConfigNode node) {
        try {
            return Jwks.parse(DataSource.bytes(node.required("local_jwks")));
        } catch (Jwks.BadKeysException e) {
            throw new ConfigException(
                    "Provider '" + name + "' in jwt_authn config has invalid local jwks: " + e.getMessage());
        }
    }

    boolean issues(Jwt jwt) {
        return issuer.isEmpty() || WireText.encode(issuer).equals(WireText.encode(jwt.issuer()));
    }

    /**
     * Verifies a token of this provider.
     *
     * @param wanted audiences that stand in for the provider's, or null
     */
    JwtStatus verify(Jwt jwt, @Nullable Set<String> wanted, Verification verification) {
        long nowSeconds = verification.nowSeconds();
        if (!issues(jwt)) {
            return JwtStatus.UNKNOWN_ISSUER;
        }
        if (jwt.notBefore() > nowSeconds + clockSkewSeconds) {
            return JwtStatus.NOT_YET_VALID;
        }
        if (jwt.expires() > 0 && nowSeconds > jwt.expires() + clockSkewSeconds) {
            return JwtStatus.EXPIRED;
        }
        if (!Audiences.allowed(wanted == null ? audiences : wanted, jwt.audiences())) {
            return JwtStatus.AUDIENCE_NOT_ALLOWED;
        }
        if (subjects != null && !subjects.matchesText(jwt.subject()) || !lifetimeAllowed(jwt, nowSeconds)) {
            return JwtStatus.VERIFICATION_FAIL;
        }
        if (localKeys != null) {
            return localKeys.verify(jwt);
        }
        return remoteKeys == null ? JwtStatus.NO_KEY : verification.verify(jwt, remoteKeys);
    }

    private boolean lifetimeAllowed(Jwt jwt, long nowSeconds) {
        if (jwt.expires() == 0) {
            return !requireExpiration && maxLifetimeSeconds < 0;
        }
        return maxLifetimeSeconds < 0 || jwt.expires() - nowSeconds <= maxLifetimeSeconds;
    }
}
