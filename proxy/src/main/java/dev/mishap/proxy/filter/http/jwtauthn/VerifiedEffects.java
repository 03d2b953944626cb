package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.filter.http.jwtauthn.JwtProvider.ClaimHeader;
import dev.mishap.proxy.filter.http.jwtauthn.Verification.Verified;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.json.JsonWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a good token does to its request: payload and claims in headers and metadata, and the token itself taken out. */
final class VerifiedEffects {
    static final String NAMESPACE = "envoy.filters.http.jwt_authn";

    private VerifiedEffects() {}

    /** Removes what a client may not send itself. */
    static void sanitize(HeaderMap request, JwtProvider provider) {
        HeaderName payload = provider.payloadHeader();
        if (payload != null) {
            request.remove(payload);
        }
        for (ClaimHeader claim : provider.claimHeaders()) {
            request.remove(claim.header());
        }
    }

    static void apply(HttpStream stream, Verified verified) {
        JwtProvider provider = verified.provider();
        Jwt jwt = verified.jwt();
        HeaderMap request = stream.requestHeaders();
        HeaderName payload = provider.payloadHeader();
        if (payload != null) {
            request.set(payload, provider.padPayloadHeader() ? padded(jwt.payloadText()) : jwt.payloadText());
        }
        for (ClaimHeader claim : provider.claimHeaders()) {
            String value = text(find(jwt.payload(), claim.claim()));
            if (value != null) {
                request.set(claim.header(), WireText.encode(value));
            }
        }
        if (!provider.forward()) {
            remove(request, verified.found());
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        if (!provider.payloadMetadata().isEmpty()) {
            metadata.put(provider.payloadMetadata(), struct(jwt.payload(), provider));
        }
        if (!provider.headerMetadata().isEmpty()) {
            metadata.put(provider.headerMetadata(), struct(jwt.header(), null));
        }
        if (!metadata.isEmpty()) {
            stream.info().putDynamicMetadata(NAMESPACE, metadata);
        }
    }

    private static void remove(HeaderMap request, TokenLocations.Found found) {
        if (found.header() != null) {
            request.remove(found.header());
        }
        String target = found.param() == null ? null : request.get(HeaderName.PATH);
        if (target != null && found.param() != null) {
            request.set(HeaderName.PATH, QueryParams.without(target, found.param()));
        }
    }

    private static String padded(String base64) {
        return base64 + "=".repeat((4 - base64.length() % 4) % 4);
    }

    private static @Nullable Object find(@Nullable Object at, List<String> path) {
        for (String name : path) {
            at = at instanceof Map<?, ?> map ? map.get(name) : null;
        }
        return at;
    }

    private static @Nullable String text(@Nullable Object claim) {
        if (claim instanceof Map<?, ?> || claim instanceof List<?>) {
            return Base64.getEncoder().encodeToString(JsonWriter.compact(claim).getBytes(StandardCharsets.UTF_8));
        }
        return claim == null ? null : claim.toString();
    }

    /** Values as metadata have them: numbers are doubles, and the claims that are lists of words are lists. */
    private static Map<String, Object> struct(Map<String, @Nullable Object> json, @Nullable JwtProvider provider) {
        Map<String, Object> struct = new LinkedHashMap<>();
        json.forEach((key, value) -> {
            Object v = provider != null
                            && value instanceof String words
                            && provider.spaceDelimitedClaims().contains(key)
                    ? Arrays.asList(words.trim().split(" +"))
                    : value(value);
            if (v != null) {
                struct.put(key, v);
            }
        });
        return struct;
    }

    @SuppressWarnings("unchecked") // what the reader makes of an object
    private static @Nullable Object value(@Nullable Object value) {
        if (value instanceof Long number) {
            return number.doubleValue();
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> copy = new ArrayList<>(list.size());
            list.forEach(v -> copy.add(value(v)));
            return copy;
        }
        return value instanceof Map<?, ?> map ? struct((Map<String, @Nullable Object>) map, null) : value;
    }
}
