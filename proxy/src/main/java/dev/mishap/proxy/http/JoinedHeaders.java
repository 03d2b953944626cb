package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderName;
import java.util.HashSet;
import java.util.Set;

/**
 * The headers of which Envoy keeps one line: appending to one gives {@code old,new} instead of a second line. Observed on
 * Envoy 1.40.
 */
final class JoinedHeaders {
    private static final Set<HeaderName> REQUEST = names("accept accept-encoding access-control-request-headers"
            + " access-control-request-method authorization cache-control cdn-loop content-encoding content-type"
            + " grpc-accept-encoding grpc-timeout if-match if-modified-since if-none-match origin pragma proxy-status"
            + " referer user-agent via x-client-trace-id x-envoy-attempt-count x-envoy-decorator-operation"
            + " x-envoy-downstream-service-cluster x-envoy-downstream-service-node x-envoy-expected-rq-timeout-ms"
            + " x-envoy-external-address x-envoy-force-trace x-envoy-internal x-envoy-ip-tags x-envoy-original-host"
            + " x-envoy-original-path x-envoy-original-url x-forwarded-client-cert x-forwarded-for x-forwarded-host"
            + " x-forwarded-port x-forwarded-proto x-request-id");

    private static final Set<HeaderName> RESPONSE = names("access-control-allow-credentials"
            + " access-control-allow-headers access-control-allow-methods access-control-allow-origin"
            + " access-control-expose-headers access-control-max-age age cache-control content-encoding content-type etag"
            + " expires grpc-message grpc-status last-modified location proxy-status vary via x-envoy-attempt-count"
            + " x-envoy-decorator-operation x-envoy-degraded x-envoy-immediate-health-check-fail"
            + " x-envoy-upstream-canary x-envoy-upstream-service-time x-request-id");

    private JoinedHeaders() {}

    private static Set<HeaderName> names(String list) {
        Set<HeaderName> names = new HashSet<>();
        for (String name : list.split(" ")) {
            names.add(HeaderName.of(name));
        }
        return names;
    }

    static boolean inRequest(HeaderName name) {
        return REQUEST.contains(name);
    }

    static boolean inResponse(HeaderName name) {
        return RESPONSE.contains(name);
    }
}
