package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.filter.http.jwtauthn.TokenLocations.Found;
import dev.mishap.proxy.http.HeaderMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The verification of one request's tokens, and what was found good. */
final class Verification {
    /** A good token. */
    record Verified(Jwt jwt, Found found, JwtProvider provider) {}

    private static final Map<String, Object> FETCH_FAILED = told(JwtStatus.FETCH_FAIL);

    private final HeaderMap request;
    private final long nowSeconds;
    private final Map<RemoteKeys, Optional<Jwks>> fetched = new IdentityHashMap<>(2);
    private int lookups;
    private @Nullable RemoteKeys missing;
    final List<Verified> verified = new ArrayList<>(1);
    /** Why tokens were refused, for the metadata. */
    final Map<String, Object> failures = new HashMap<>(2);

    Verification(HeaderMap request, long nowSeconds) {
        this.request = request;
        this.nowSeconds = nowSeconds;
    }

    /** Begins anew, with the keys that were fetched meanwhile. */
    void restart() {
        verified.clear();
        failures.clear();
        lookups = 0;
        missing = null;
    }

    long nowSeconds() {
        return nowSeconds;
    }

    /** How many tokens were looked for in a cache. */
    int lookups() {
        return lookups;
    }

    /** The keys that have to be fetched before {@link #restart}, when the outcome was PENDING. */
    @Nullable
    RemoteKeys missing() {
        return missing;
    }

    /** Notes what came of a fetch; null = it failed. */
    void fetched(RemoteKeys keys, @Nullable Jwks got) {
        fetched.put(keys, Optional.ofNullable(got));
    }

    /** Verifies a token by keys that may have to be fetched. */
    JwtStatus verify(Jwt jwt, RemoteKeys keys) {
        Optional<Jwks> own = fetched.get(keys);
        Jwks known = own == null ? keys.current() : own.orElse(null);
        if (known != null) {
            return known.verify(jwt);
        }
        if (own != null) {
            return JwtStatus.FETCH_FAIL;
        }
        missing = keys;
        return JwtStatus.PENDING;
    }

    /** The tokens where {@code providers} have theirs, each place once. */
    List<Found> tokens(List<JwtProvider> providers) {
        List<Found> found = new ArrayList<>(1);
        for (JwtProvider provider : providers) {
            List<Found> own = new ArrayList<>(1);
            provider.locations().find(request, own);
            for (Found f : own) {
                if (!found.contains(f)) {
                    found.add(f);
                }
            }
        }
        return found;
    }

    /** Counts a look-up of a token in its provider's cache; there is none. */
    void countLookup() {
        lookups++;
    }

    private static Map<String, Object> told(JwtStatus status) {
        return Map.of("code", (double) status.code(), "message", status.text());
    }

    private JwtStatus failed(@Nullable JwtProvider provider, JwtStatus status) {
        if (provider != null
                && status != JwtStatus.OK
                && !provider.failureMetadata().isEmpty()) {
            // In Envoy, which verifies by several providers at a time, a fetch that fails comes after all others.
            if (!FETCH_FAILED.equals(failures.get(provider.failureMetadata()))) {
                failures.put(provider.failureMetadata(), told(status));
            }
        }
        return status;
    }

    /** Verifies a token by the provider among {@code providers} that issued it. */
    JwtStatus verify(Found found, List<JwtProvider> providers, @Nullable Set<String> audiences) {
        Jwt jwt;
        try {
            jwt = Jwt.parse(found.token());
        } catch (Jwt.BadTokenException e) {
            return failed(providers.size() == 1 ? providers.get(0) : null, e.status);
        }
        for (JwtProvider provider : providers) {
            if (provider.issues(jwt)) {
                JwtStatus status = provider.verify(jwt, audiences, this);
                if (status == JwtStatus.OK) {
                    verified.add(new Verified(jwt, found, provider));
                }
                return failed(provider, status);
            }
        }
        return failed(providers.size() == 1 ? providers.get(0) : null, JwtStatus.UNKNOWN_ISSUER);
    }
}
