package dev.mishap.rules;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** Finds a request's cohort key and hashes it; makes no string. Compiled from a {@link CohortKey}. */
final class KeyReader {
    /** No key; a real hash that has this value is moved aside. */
    static final long ABSENT = 0;

    private static final int TRACE_ID_FROM = 3;
    private static final int TRACE_ID_TO = 35;

    private final CohortKey key;
    private final int slot;
    private final int requestIdSlot;

    KeyReader(CohortKey key, HeaderSlots slots) {
        this.key = key;
        this.slot = switch (key.kind()) {
            case TRACE_ID -> slots.slot("traceparent");
            case HEADER -> slots.slot(key.name());
            case COOKIE -> slots.slot("cookie");
            case SOURCE_ADDRESS -> -1;
        };
        // A rule whose key is the header x-request-id must know a made one from a sent one, too.
        this.requestIdSlot = switch (key.kind()) {
            case TRACE_ID -> slots.slot("x-request-id");
            case HEADER -> key.name().equals("x-request-id") ? slot : -1;
            case COOKIE, SOURCE_ADDRESS -> -1;
        };
    }

    /** The key's hash under a seed, or {@link #ABSENT}; {@code sentOnly} = an id that this proxy made does not count. */
    long hash(RequestView request, long seed, boolean sentOnly) {
        return switch (key.kind()) {
            case TRACE_ID -> traceId(request, seed, sentOnly);
            case HEADER ->
                sentOnly && slot == requestIdSlot && request.requestIdGenerated()
                        ? ABSENT
                        : whole(request.header(slot), seed);
            case COOKIE -> cookie(request.header(slot), seed);
            case SOURCE_ADDRESS -> address(request.sourceAddress(), seed);
        };
    }

    private long traceId(RequestView request, long seed, boolean sentOnly) {
        String traceparent = request.header(slot);
        if (traceparent != null && isTraceparent(traceparent)) {
            return present(XxHash64.hash(traceparent, TRACE_ID_FROM, TRACE_ID_TO, seed));
        }
        return sentOnly && request.requestIdGenerated() ? ABSENT : whole(request.header(requestIdSlot), seed);
    }

    /** W3C Trace Context §3.2: version, trace id (32 lower-case hex digits, not all 0), parent id, flags. */
    static boolean isTraceparent(String s) {
        if (s.length() < 55 || s.charAt(2) != '-' || s.charAt(TRACE_ID_TO) != '-' || s.charAt(52) != '-') {
            return false;
        }
        if (s.charAt(0) == 'f' && s.charAt(1) == 'f'
                || s.length() > 55 && (s.charAt(55) != '-' || s.startsWith("00"))) {
            return false;
        }
        boolean zero = true;
        for (int i = TRACE_ID_FROM; i < TRACE_ID_TO; i++) {
            char c = s.charAt(i);
            if (!(c >= '0' && c <= '9' || c >= 'a' && c <= 'f')) {
                return false;
            }
            zero &= c == '0';
        }
        return !zero;
    }

    private static long whole(@Nullable String value, long seed) {
        return value == null || value.isEmpty() ? ABSENT : present(XxHash64.hash(value, 0, value.length(), seed));
    }

    /** RFC 6265 §4.2.1: {@code name=value; name=value}; joined lines have a comma instead. The first of the name counts. */
    private long cookie(@Nullable String header, long seed) {
        if (header == null) {
            return ABSENT;
        }
        String name = key.name();
        int at = 0;
        while (at < header.length()) {
            int end = at;
            while (end < header.length() && header.charAt(end) != ';' && header.charAt(end) != ',') {
                end++;
            }
            while (at < end && header.charAt(at) == ' ') {
                at++;
            }
            int from = at + name.length() + 1;
            if (from <= end && header.charAt(from - 1) == '=' && header.startsWith(name, at)) {
                int to = end;
                while (to > from && header.charAt(to - 1) == ' ') {
                    to--;
                }
                if (to - from >= 2 && header.charAt(from) == '"' && header.charAt(to - 1) == '"') {
                    from++;
                    to--;
                }
                return from == to ? ABSENT : present(XxHash64.hash(header, from, to, seed));
            }
            at = end + 1;
        }
        return ABSENT;
    }

    static long address(@Nullable InetAddress address, long seed) {
        if (address == null) {
            return ABSENT;
        }
        byte[] bytes = address.getAddress();
        return present(XxHash64.hash(bytes, 0, bytes.length, seed));
    }

    private static long present(long hash) {
        return hash == ABSENT ? 1 : hash;
    }
}
