package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import org.jspecify.annotations.Nullable;

/**
 * Which span a request is part of, as B3 headers tell it.
 *
 * @param traceIdHigh 0 for trace ids of 64 bits
 * @param parentId 0 = none
 * @param sampled null = the sender left it open
 * @param single whether it came as one {@code b3} header
 */
record TraceContext(
        long traceIdHigh,
        long traceId,
        long spanId,
        long parentId,
        @Nullable Boolean sampled,
        boolean single) {
    private static final HeaderName B3 = HeaderName.of("b3");
    private static final HeaderName TRACE_ID = HeaderName.of("x-b3-traceid");
    private static final HeaderName SPAN_ID = HeaderName.of("x-b3-spanid");
    private static final HeaderName PARENT_ID = HeaderName.of("x-b3-parentspanid");
    private static final HeaderName SAMPLED = HeaderName.of("x-b3-sampled");
    private static final HeaderName FLAGS = HeaderName.of("x-b3-flags");

    /** What a sender says who asks for a decision and names no span. */
    static final TraceContext NONE = new TraceContext(0, 0, 0, 0, null, false);

    /** Headers that make no sense. */
    static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;
        static final MalformedException INSTANCE = new MalformedException();

        private MalformedException() {
            super("malformed trace context", null, false, false);
        }
    }

    boolean hasSpan() {
        return traceId != 0 || traceIdHigh != 0;
    }

    static TraceContext of(HeaderMap request) throws MalformedException {
        int single = request.indexOf(B3);
        if (single >= 0) {
            return single(request.value(single));
        }
        String trace = request.get(TRACE_ID);
        String span = request.get(SPAN_ID);
        Boolean sampled = sampled(request);
        if (trace == null || span == null) {
            return sampled == null ? NONE : new TraceContext(0, 0, 0, 0, sampled, false);
        }
        String parent = request.get(PARENT_ID);
        return ids(trace, span, parent == null ? "" : parent, sampled, false);
    }

    private static @Nullable Boolean sampled(HeaderMap request) {
        String sampled = request.get(SAMPLED);
        if (sampled != null) {
            return sampled.equals("1") || sampled.equals("true");
        }
        return "1".equals(request.get(FLAGS)) ? Boolean.TRUE : null;
    }

    /** {@code traceid-spanid[-sampled[-parentid]]}, or the decision alone. */
    private static TraceContext single(String text) throws MalformedException {
        if (text.length() == 1) {
            return new TraceContext(0, 0, 0, 0, decision(text), true);
        }
        String[] parts = text.split("-", -1);
        if (parts.length < 2 || parts.length > 4) {
            throw MalformedException.INSTANCE;
        }
        Boolean sampled = null;
        String parent = "";
        if (parts.length > 2) {
            if (parts[2].length() == 1) {
                sampled = decision(parts[2]);
            } else if (parts.length == 3) {
                parent = parts[2];
            } else {
                throw MalformedException.INSTANCE;
            }
        }
        if (parts.length == 4) {
            parent = parts[3];
        }
        return ids(parts[0], parts[1], parent, sampled, true);
    }

    private static Boolean decision(String text) throws MalformedException {
        return switch (text) {
            case "1", "d" -> Boolean.TRUE;
            case "0" -> Boolean.FALSE;
            default -> throw MalformedException.INSTANCE;
        };
    }

    private static TraceContext ids(String trace, String span, String parent, @Nullable Boolean sampled, boolean single)
            throws MalformedException {
        boolean wide = trace.length() == 32;
        return new TraceContext(
                wide ? hex(trace.substring(0, 16)) : 0,
                hex(wide ? trace.substring(16) : trace),
                hex(span),
                parent.isEmpty() ? 0 : hex(parent),
                sampled,
                single);
    }

    private static long hex(String text) throws MalformedException {
        if (text.isEmpty() || text.length() > 16) {
            throw MalformedException.INSTANCE;
        }
        long n = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = Character.digit(text.charAt(i), 16);
            if (digit < 0) {
                throw MalformedException.INSTANCE;
            }
            n = n << 4 | digit;
        }
        return n;
    }

    /** Sixteen hex digits. */
    static String hex(long id) {
        char[] out = new char[16];
        for (int i = 0; i < 16; i++) {
            out[i] = Character.forDigit((int) (id >>> 60 - 4 * i) & 15, 16);
        }
        return new String(out);
    }

    String traceIdText() {
        return traceIdHigh == 0 ? hex(traceId) : hex(traceIdHigh) + hex(traceId);
    }

    /** Writes this context in the form in which the request had one. */
    void inject(HeaderMap request) {
        String decision = Boolean.TRUE.equals(sampled) ? "1" : "0";
        if (single) {
            String text = traceIdText() + "-" + hex(spanId) + "-" + decision;
            replace(request, B3, parentId == 0 ? text : text + "-" + hex(parentId));
            return;
        }
        replace(request, TRACE_ID, traceIdText());
        replace(request, SPAN_ID, hex(spanId));
        if (parentId != 0) {
            replace(request, PARENT_ID, hex(parentId));
        }
        replace(request, SAMPLED, decision);
    }

    private static void replace(HeaderMap request, HeaderName name, String value) {
        request.remove(name);
        request.add(name, value);
    }
}
