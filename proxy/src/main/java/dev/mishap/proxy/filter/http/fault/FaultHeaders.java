package dev.mishap.proxy.filter.http.fault;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;

/** The request headers that steer HTTPFault. They go on to the upstream as they are. */
final class FaultHeaders {
    static final HeaderName ABORT = HeaderName.of("x-envoy-fault-abort-request");
    static final HeaderName ABORT_GRPC = HeaderName.of("x-envoy-fault-abort-grpc-request");
    static final HeaderName ABORT_PERCENTAGE = HeaderName.of("x-envoy-fault-abort-request-percentage");
    static final HeaderName DELAY = HeaderName.of("x-envoy-fault-delay-request");
    static final HeaderName DELAY_PERCENTAGE = HeaderName.of("x-envoy-fault-delay-request-percentage");
    static final HeaderName THROUGHPUT = HeaderName.of("x-envoy-fault-throughput-response");
    static final HeaderName THROUGHPUT_PERCENTAGE = HeaderName.of("x-envoy-fault-throughput-response-percentage");
    static final HeaderName DOWNSTREAM_CLUSTER = HeaderName.of("x-envoy-downstream-service-cluster");
    static final HeaderName DOWNSTREAM_NODE = HeaderName.of("x-envoy-downstream-service-node");

    private FaultHeaders() {}

    /**
     * The header's value as a number, or -1 when it is missing or none. As Envoy reads it: blanks around and a plus sign are
     * allowed, anything else that is not a digit is not.
     */
    static long number(HeaderMap headers, HeaderName name) {
        int i = headers.indexOf(name);
        return i < 0 ? -1 : parse(headers.value(i));
    }

    static long parse(String text) {
        int at = 0;
        int end = text.length();
        while (at < end && blank(text.charAt(at))) {
            at++;
        }
        while (end > at && blank(text.charAt(end - 1))) {
            end--;
        }
        if (at < end && text.charAt(at) == '+') {
            at++;
        }
        if (at == end) {
            return -1;
        }
        long value = 0;
        for (; at < end; at++) {
            int digit = text.charAt(at) - '0';
            if (digit < 0 || digit > 9 || value > (Long.MAX_VALUE - digit) / 10) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    private static boolean blank(char c) {
        return c == ' ' || c >= '\t' && c <= '\r';
    }
}
