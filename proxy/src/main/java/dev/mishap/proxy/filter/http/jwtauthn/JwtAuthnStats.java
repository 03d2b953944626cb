package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;

/** The stats {@code http.<stat_prefix>.jwt_authn.*}. */
final class JwtAuthnStats {
    final Counter allowed;
    final Counter denied;
    final Counter corsPreflightBypassed;
    final Counter jwtCacheMiss;
    final Counter jwksFetchSuccess;
    final Counter jwksFetchFailed;

    JwtAuthnStats(Scope scope) {
        allowed = scope.counter("allowed");
        denied = scope.counter("denied");
        corsPreflightBypassed = scope.counter("cors_preflight_bypassed");
        jwtCacheMiss = scope.counter("jwt_cache_miss");
        jwksFetchSuccess = scope.counter("jwks_fetch_success");
        jwksFetchFailed = scope.counter("jwks_fetch_failed");
        scope.counter("jwt_cache_hit"); // there is no cache of tokens
    }
}
