package dev.mishap.proxy.upstream;

import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A condition of {@code retry_on}, under which a request is tried again. */
public enum RetryOn {
    SERVER_ERROR("5xx"),
    GATEWAY_ERROR("gateway-error"),
    RESET("reset"),
    RESET_BEFORE_REQUEST("reset-before-request"),
    CONNECT_FAILURE("connect-failure"),
    REFUSED_STREAM("refused-stream"),
    RETRIABLE_4XX("retriable-4xx"),
    RETRIABLE_STATUS_CODES("retriable-status-codes"),
    RETRIABLE_HEADERS("retriable-headers"),
    ENVOY_RATE_LIMITED("envoy-ratelimited"),
    HTTP3_POST_CONNECT_FAILURE("http3-post-connect-failure"),
    GRPC_CANCELLED("cancelled"),
    GRPC_DEADLINE_EXCEEDED("deadline-exceeded"),
    GRPC_INTERNAL("internal"),
    GRPC_RESOURCE_EXHAUSTED("resource-exhausted"),
    GRPC_UNAVAILABLE("unavailable");

    private final String text;

    RetryOn(String text) {
        this.text = text;
    }

    /** The condition called {@code text}, or null. */
    static @Nullable RetryOn byText(String text) {
        for (RetryOn on : values()) {
            if (on.text.equals(text)) {
                return on;
            }
        }
        return null;
    }

    /** The conditions that a comma-separated list names; names that nobody knows are passed over, as Envoy does. */
    public static Set<RetryOn> parse(String list) {
        EnumSet<RetryOn> all = EnumSet.noneOf(RetryOn.class);
        for (String part : list.split(",", -1)) {
            RetryOn on = byText(part.strip());
            if (on != null) {
                all.add(on);
            }
        }
        return all;
    }
}
