package dev.mishap.proxy.config.schema;

import org.jspecify.annotations.Nullable;

/** A Duration, or a Timestamp as the time since the epoch: seconds and nanoseconds of equal sign. */
record TimeValue(long seconds, int nanos) {
    /** The most seconds that a protobuf Duration may have, either way. */
    static final long MAX_SECONDS = 315_576_000_000L;

    /** From here on Envoy refuses a duration, since not all of its nanoseconds would fit 63 bits. */
    static final long OUT_OF_RANGE_SECONDS = 9_223_372_036L;

    private static final long BILLION = 1_000_000_000L;

    /** All of it in nanoseconds; what does not fit is the nearest long. */
    long nanosSaturated() {
        if (seconds >= Long.MAX_VALUE / BILLION) {
            return Long.MAX_VALUE;
        }
        if (seconds <= Long.MIN_VALUE / BILLION) {
            return Long.MIN_VALUE;
        }
        return seconds * BILLION + nanos;
    }

    static TimeValue read(WireReader in) {
        long seconds = 0;
        int nanos = 0;
        while (in.hasMore()) {
            int tag = in.tag();
            if (tag == (1 << 3 | WireReader.VARINT)) {
                seconds = in.varint();
            } else if (tag == (2 << 3 | WireReader.VARINT)) {
                nanos = (int) in.varint();
            } else {
                in.skip(tag);
            }
        }
        return new TimeValue(seconds, nanos);
    }

    /** Parses protobuf's JSON form, {@code 1.5s}; null when it is not one. */
    static @Nullable TimeValue parseDuration(String text) {
        int end = text.length() - 1;
        if (end < 1 || text.charAt(end) != 's') {
            return null;
        }
        boolean negative = text.charAt(0) == '-';
        int at = negative ? 1 : 0;
        long seconds = 0;
        int start = at;
        while (at < end && isDigit(text.charAt(at))) {
            seconds = seconds * 10 + (text.charAt(at++) - '0');
            if (seconds > MAX_SECONDS) {
                return null;
            }
        }
        if (at == start) {
            return null;
        }
        int nanos = 0;
        int fractionDigits = 0;
        if (at < end && text.charAt(at) == '.') {
            at++;
            for (; at < end && isDigit(text.charAt(at)); fractionDigits++) {
                if (fractionDigits >= 9) {
                    return null;
                }
                nanos = nanos * 10 + (text.charAt(at++) - '0');
            }
            for (int i = fractionDigits; i < 9; i++) {
                nanos *= 10;
            }
        }
        if (at != end || fractionDigits == 0 && text.charAt(end - 1) == '.') {
            return null;
        }
        return negative ? new TimeValue(-seconds, -nanos) : new TimeValue(seconds, nanos);
    }

    /** Envoy's words for a text that is no duration. */
    static String whyNoDuration(String text) {
        int at = text.startsWith("-") ? 1 : 0;
        int start = at;
        while (at < text.length() && isDigit(text.charAt(at))) {
            at++;
        }
        if (at == start) {
            return start == 0 ? "duration must start with an integer" : "duration had bad seconds";
        }
        if (text.startsWith(".", at)) {
            return text.endsWith("s") ? "duration had bad nanoseconds" : "duration must end with a single 's'";
        }
        if (at != text.length() - 1 || text.charAt(at) != 's') {
            return "duration must end with a single 's'";
        }
        return at - start > 18 ? "duration had bad seconds" : "duration out of range";
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    /** Protobuf's JSON form of a duration: no, three, six or nine digits of fraction. */
    String durationText() {
        StringBuilder s = new StringBuilder();
        if (seconds < 0 || nanos < 0) {
            s.append('-');
        }
        s.append(Math.abs(seconds));
        appendFraction(s);
        return s.append('s').toString();
    }

    private void appendFraction(StringBuilder s) {
        int fraction = Math.abs(nanos);
        if (fraction == 0) {
            return;
        }
        String digits = Integer.toString(1_000_000_000 + fraction).substring(1);
        int length = fraction % 1_000_000 == 0 ? 3 : fraction % 1_000 == 0 ? 6 : 9;
        s.append('.').append(digits, 0, length);
    }

    /** Protobuf's JSON form of a timestamp, RFC 3339 in UTC. */
    String timestampText() {
        StringBuilder s =
                new StringBuilder(java.time.Instant.ofEpochSecond(seconds).toString());
        s.setLength(s.length() - 1);
        appendFraction(s);
        return s.append('Z').toString();
    }
}
