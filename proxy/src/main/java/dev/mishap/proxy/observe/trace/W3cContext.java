package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;

/**
 * Which span a request is part of, as W3C Trace Context tells it.
 *
 * @param parentId the sender's span, 0 = the request came without one
 */
record W3cContext(long traceIdHigh, long traceId, long parentId, boolean sampled, String state) {
    private static final HeaderName TRACEPARENT = HeaderName.of("traceparent");
    private static final HeaderName TRACESTATE = HeaderName.of("tracestate");
    private static final int LENGTH = 55;

    static final W3cContext NONE = new W3cContext(0, 0, 0, false, "");

    /** The context of a request; {@link #NONE} when there is none. */
    static W3cContext of(HeaderMap request) throws TraceContext.MalformedException {
        String text = request.get(TRACEPARENT);
        if (text == null) {
            return NONE;
        }
        if (text.length() != LENGTH
                || text.charAt(2) != '-'
                || text.charAt(35) != '-'
                || text.charAt(52) != '-'
                || text.startsWith("ff")) {
            throw TraceContext.MalformedException.INSTANCE;
        }
        hex(text, 0, 2);
        long high = hex(text, 3, 19);
        long low = hex(text, 19, 35);
        long parent = hex(text, 36, 52);
        if (high == 0 && low == 0 || parent == 0) {
            throw TraceContext.MalformedException.INSTANCE;
        }
        String state = request.get(TRACESTATE);
        return new W3cContext(high, low, parent, (hex(text, 53, 55) & 1) != 0, state == null ? "" : state);
    }

    private static long hex(String text, int from, int to) throws TraceContext.MalformedException {
        long n = 0;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            int digit = c >= 'A' && c <= 'F' ? -1 : Character.digit(c, 16);
            if (digit < 0) {
                throw TraceContext.MalformedException.INSTANCE;
            }
            n = n << 4 | digit;
        }
        return n;
    }

    boolean hasParent() {
        return parentId != 0;
    }

    /** Tells of {@code spanId} as the parent of what {@code request} causes. */
    static void inject(HeaderMap request, long high, long low, long spanId, boolean sampled, String state) {
        request.remove(TRACEPARENT);
        request.add(
                TRACEPARENT,
                "00-" + TraceContext.hex(high) + TraceContext.hex(low) + "-" + TraceContext.hex(spanId)
                        + (sampled ? "-01" : "-00"));
        request.remove(TRACESTATE);
        request.add(TRACESTATE, state);
    }
}
