package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Lets requests pass whose tokens are as required. */
final class JwtAuthnFilter implements HttpFilter {
    private static final HeaderName ORIGIN = HeaderName.of("origin");
    private static final HeaderName REQUEST_METHOD = HeaderName.of("access-control-request-method");
    private static final HeaderName AUTHENTICATE = HeaderName.of("www-authenticate");

    private final String name;
    private final JwtAuthnConfig config;
    private final JwtAuthnStats stats;
    private final RandomSource random;
    private RemoteKeys.@Nullable Fetch fetching;
    private boolean over;

    JwtAuthnFilter(String name, JwtAuthnConfig config, JwtAuthnStats stats, RandomSource random) {
        this.name = name;
        this.config = config;
        this.stats = stats;
        this.random = random;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (config.bypassCorsPreflight() && isPreflight(headers)) {
            stats.corsPreflightBypassed.inc();
            return allow();
        }
        Requirement requirement;
        if (stream.perFilterConfig(name) instanceof JwtAuthnExtension.PerRoute route) {
            if (!route.requirement().isEmpty() && !config.named().containsKey(route.requirement())) {
                return misconfigured(stream, JwtAuthnConfig.wrongName(route.requirement(), config.named()));
            }
            requirement = config.named().get(route.requirement());
        } else {
            requirement = byRules(stream);
        }
        return requirement == null ? allow() : verify(stream, headers, requirement);
    }

    private Flow allow() {
        stats.allowed.inc();
        return Flow.CONTINUE;
    }

    private @Nullable Requirement byRules(HttpStream stream) {
        for (JwtAuthnConfig.Rule rule : config.rules()) {
            if (rule.match().matches(stream, random.next())) {
                return rule.requirement();
            }
        }
        return null;
    }

    private Flow verify(HttpStream stream, HeaderMap headers, Requirement requirement) {
        for (JwtProvider provider : requirement.providers()) {
            VerifiedEffects.sanitize(headers, provider);
        }
        return verify(stream, requirement, new Verification(headers, System.currentTimeMillis() / 1000));
    }

    /** Verifies as far as there are keys, and fetches the others. */
    private Flow verify(HttpStream stream, Requirement requirement, Verification verification) {
        JwtStatus status = requirement.verify(verification);
        RemoteKeys missing = verification.missing();
        while (status == JwtStatus.PENDING && missing != null) {
            if (!fetch(stream, requirement, verification, missing)) {
                return Flow.PAUSE;
            }
            verification.restart();
            status = requirement.verify(verification);
            missing = verification.missing();
        }
        return done(stream, verification, status);
    }

    /** Fetches keys; whether they came at once, else the request goes on when they are there. */
    private boolean fetch(HttpStream stream, Requirement requirement, Verification verification, RemoteKeys missing) {
        boolean[] state = new boolean[2]; // whether the keys came, whether that was too late to tell the caller
        RemoteKeys.Fetch next = new RemoteKeys.Fetch(keys -> {
            fetching = null;
            state[0] = true;
            verification.fetched(missing, keys);
            if (state[1] && !over) {
                verification.restart();
                if (verify(stream, requirement, verification) == Flow.CONTINUE) {
                    stream.resumeRequest(this);
                }
            }
        });
        fetching = next;
        missing.fetch(stream.loop(), next);
        state[1] = true;
        return state[0];
    }

    @Override
    public void onStreamEnd(HttpStream stream) {
        over = true;
        RemoteKeys.Fetch pending = fetching;
        fetching = null;
        if (pending != null) {
            pending.cancel();
        }
    }

    private Flow done(HttpStream stream, Verification verification, JwtStatus status) {
        stats.jwtCacheMiss.add(verification.lookups());
        if (!verification.failures.isEmpty()) {
            stream.info().putDynamicMetadata(VerifiedEffects.NAMESPACE, Map.copyOf(verification.failures));
        }
        if (status != JwtStatus.OK) {
            return deny(stream, status);
        }
        for (Verification.Verified good : verification.verified) {
            VerifiedEffects.apply(stream, good);
            if (good.provider().clearRouteCache()) {
                stream.clearRouteCache();
            }
        }
        return allow();
    }

    private Flow deny(HttpStream stream, JwtStatus status) {
        stats.denied.inc();
        String details = details(status.text());
        if (config.stripFailureResponse()) {
            stream.sendLocalReply(LocalReply.of(status.http(), "", details));
            return Flow.PAUSE;
        }
        HeaderMap request = stream.requestHeaders();
        String realm = request.get(HeaderName.SCHEME) + "://" + request.get(HeaderName.AUTHORITY)
                + request.get(HeaderName.PATH);
        String challenge =
                "Bearer realm=\"" + realm + "\"" + (status == JwtStatus.MISSED ? "" : ", error=\"invalid_token\"");
        stream.sendLocalReply(new LocalReply(
                status.http(), status.text(), details, -1, response -> response.set(AUTHENTICATE, challenge)));
        return Flow.PAUSE;
    }

    private Flow misconfigured(HttpStream stream, String problem) {
        stats.denied.inc();
        String body = config.stripFailureResponse() ? "" : "Failed JWT authentication: " + problem;
        stream.sendLocalReply(LocalReply.of(403, body, details(problem)));
        return Flow.PAUSE;
    }

    private static String details(String text) {
        return "jwt_authn_access_denied{" + text.replace(' ', '_') + "}";
    }

    private static boolean isPreflight(HeaderMap headers) {
        return "OPTIONS".equals(headers.get(HeaderName.METHOD))
                && hasText(headers, ORIGIN)
                && hasText(headers, REQUEST_METHOD);
    }

    private static boolean hasText(HeaderMap headers, HeaderName name) {
        int i = headers.indexOf(name);
        return i >= 0 && headers.valueLength(i) > 0;
    }
}
