package dev.mishap.proxy.http;

import java.util.HashMap;
import java.util.Map;

/**
 * The headers of which Envoy keeps one line: lines that repeat one, and values appended to one, give {@code old,new} instead of
 * a second line. Matchers, logs and the other side see the joined line. Observed on Envoy 1.40.
 */
public final class JoinedHeaders {
    private static final Map<String, HeaderName> REQUEST = names("accept accept-encoding access-control-request-headers"
            + " access-control-request-method access-control-request-private-network"
            + " authorization cache-control cdn-loop content-encoding content-type expect"
            + " grpc-accept-encoding grpc-timeout if-match if-modified-since if-none-match"
            + " if-range if-unmodified-since origin pragma proxy-status referer user-agent via"
            + " x-client-trace-id x-envoy-attempt-count x-envoy-decorator-operation"
            + " x-envoy-downstream-service-cluster x-envoy-downstream-service-node"
            + " x-envoy-expected-rq-timeout-ms x-envoy-external-address x-envoy-force-trace"
            + " x-envoy-hedge-on-per-try-timeout x-envoy-internal x-envoy-ip-tags"
            + " x-envoy-is-timeout-retry x-envoy-max-retries x-envoy-original-host"
            + " x-envoy-original-path x-envoy-original-url x-envoy-retriable-header-names"
            + " x-envoy-retriable-status-codes x-envoy-retry-grpc-on x-envoy-retry-on"
            + " x-envoy-upstream-alt-stat-name x-envoy-upstream-rq-per-try-timeout-ms"
            + " x-envoy-upstream-rq-timeout-alt-response x-envoy-upstream-rq-timeout-ms"
            + " x-envoy-upstream-stream-duration-ms x-forwarded-client-cert x-forwarded-for"
            + " x-forwarded-host x-forwarded-port x-forwarded-proto x-request-id");

    private static final Map<String, HeaderName> RESPONSE =
            names("access-control-allow-credentials access-control-allow-headers"
                    + " access-control-allow-methods access-control-allow-origin"
                    + " access-control-expose-headers access-control-max-age age cache-control"
                    + " content-encoding content-type date etag expires grpc-message grpc-status"
                    + " last-modified location proxy-status server vary via x-envoy-attempt-count"
                    + " x-envoy-decorator-operation x-envoy-degraded x-envoy-immediate-health-check-fail"
                    + " x-envoy-ratelimited x-envoy-upstream-canary"
                    + " x-envoy-upstream-healthchecked-cluster x-envoy-upstream-service-time"
                    + " x-request-id");

    private JoinedHeaders() {}

    private static Map<String, HeaderName> names(String list) {
        Map<String, HeaderName> names = new HashMap<>();
        for (String name : list.split(" ")) {
            names.put(name, HeaderName.of(name));
        }
        return names;
    }

    /** Whether a request has one line of it at most. */
    public static boolean inRequest(HeaderName name) {
        return REQUEST.containsKey(name.text());
    }

    /** Whether a response has one line of it at most. */
    public static boolean inResponse(HeaderName name) {
        return RESPONSE.containsKey(name.text());
    }

    /** Joins the repeated lines of a request's head. */
    public static void joinRequest(HeaderMap headers) {
        join(headers, REQUEST);
    }

    /** Joins the repeated lines of a response's head. */
    public static void joinResponse(HeaderMap headers) {
        join(headers, RESPONSE);
    }

    private static void join(HeaderMap headers, Map<String, HeaderName> single) {
        for (int i = 0; i < headers.size(); i++) {
            HeaderName name = single.get(headers.name(i));
            int next = name == null ? -1 : headers.indexOf(name, i + 1);
            if (next < 0 || name == null) {
                continue;
            }
            StringBuilder joined = new StringBuilder(headers.value(i));
            while (next >= 0) {
                String more = headers.value(next);
                if (joined.length() > 0 && !more.isEmpty()) {
                    joined.append(',');
                }
                joined.append(more);
                headers.removeAt(next);
                next = headers.indexOf(name, next);
            }
            headers.setValue(i, joined.toString());
        }
    }
}
