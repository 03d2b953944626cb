package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.http.HeaderName;

/** Headers that the router reads, writes or takes out. */
final class RouterHeaders {
    static final HeaderName ATTEMPT_COUNT = HeaderName.of("x-envoy-attempt-count");
    static final HeaderName EXPECTED_TIMEOUT = HeaderName.of("x-envoy-expected-rq-timeout-ms");
    static final HeaderName TIMEOUT = HeaderName.of("x-envoy-upstream-rq-timeout-ms");
    static final HeaderName PER_TRY_TIMEOUT = HeaderName.of("x-envoy-upstream-rq-per-try-timeout-ms");
    static final HeaderName TIMEOUT_ALT_RESPONSE = HeaderName.of("x-envoy-upstream-rq-timeout-alt-response");
    static final HeaderName ALT_STAT_NAME = HeaderName.of("x-envoy-upstream-alt-stat-name");
    static final HeaderName SERVICE_TIME = HeaderName.of("x-envoy-upstream-service-time");
    static final HeaderName DROP_OVERLOAD = HeaderName.of("x-envoy-drop-overload");
    static final HeaderName UNCONDITIONAL_DROP_OVERLOAD = HeaderName.of("x-envoy-unconditional-drop-overload");
    static final HeaderName OVERLOADED = HeaderName.of("x-envoy-overloaded");
    static final HeaderName RATE_LIMITED = HeaderName.of("x-envoy-ratelimited");
    static final HeaderName RETRY_ON = HeaderName.of("x-envoy-retry-on");
    static final HeaderName RETRY_GRPC_ON = HeaderName.of("x-envoy-retry-grpc-on");
    static final HeaderName MAX_RETRIES = HeaderName.of("x-envoy-max-retries");
    static final HeaderName RETRIABLE_CODES = HeaderName.of("x-envoy-retriable-status-codes");
    static final HeaderName RETRIABLE_NAMES = HeaderName.of("x-envoy-retriable-header-names");
    static final HeaderName HEDGE = HeaderName.of("x-envoy-hedge-on-per-try-timeout");
    static final HeaderName INTERNAL = HeaderName.of("x-envoy-internal");
    static final HeaderName IMMEDIATE_FAIL = HeaderName.of("x-envoy-immediate-health-check-fail");
    static final HeaderName IS_TIMEOUT_RETRY = HeaderName.of("x-envoy-is-timeout-retry");
    static final HeaderName CANARY = HeaderName.of("x-envoy-upstream-canary");
    static final HeaderName STREAM_DURATION = HeaderName.of("x-envoy-upstream-stream-duration-ms");

    private RouterHeaders() {}
}
