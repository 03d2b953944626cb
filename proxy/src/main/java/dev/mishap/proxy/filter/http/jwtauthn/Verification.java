package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.filter.http.jwtauthn.TokenLocations.Found;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.observe.stats.Counter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The verification of one request's tokens, and what was found good. */
final class Verification {
    /** A good token. */
    record Verified(Jwt jwt, Found found, JwtProvider provider) {}

    private final HeaderMap request;
    private final long nowSeconds;
    private final Counter tried;
    final List<Verified> verified = new ArrayList<>(1);

    Verification(HeaderMap request, long nowSeconds, Counter tried) {
        this.request = request;
        this.nowSeconds = nowSeconds;
        this.tried = tried;
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
        tried.inc();
    }

    /** Verifies a token by the provider among {@code providers} that issued it. */
    JwtStatus verify(Found found, List<JwtProvider> providers, @Nullable Set<String> audiences) {
        Jwt jwt;
        try {
            jwt = Jwt.parse(found.token());
        } catch (Jwt.BadTokenException e) {
            return e.status;
        }
        for (JwtProvider provider : providers) {
            if (provider.issues(jwt)) {
                JwtStatus status = provider.verify(jwt, audiences, nowSeconds);
                if (status == JwtStatus.OK) {
                    verified.add(new Verified(jwt, found, provider));
                }
                return status;
            }
        }
        return JwtStatus.UNKNOWN_ISSUER;
    }
}
