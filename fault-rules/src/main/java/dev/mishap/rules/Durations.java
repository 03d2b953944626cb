package dev.mishap.rules;

import java.math.BigDecimal;
import java.time.Duration;

/** Durations as people write them: {@code 100ms}, {@code 1.5s}, {@code 1h30m}. Units: ns, us, ms, s, m, h, d. */
public final class Durations {
    private static final String[] UNITS = {"ns", "us", "ms", "s", "m", "h", "d"};
    private static final long[] NANOS = {
        1L, 1_000L, 1_000_000L, 1_000_000_000L, 60_000_000_000L, 3_600_000_000_000L, 86_400_000_000_000L
    };

    private Durations() {}

    /**
     * Reads a duration of 0 to 10,000 days.
     *
     * @throws IllegalArgumentException saying what was expected
     */
    public static Duration parse(String text) {
        BigDecimal nanos = BigDecimal.ZERO;
        int at = 0;
        int lastUnit = UNITS.length;
        while (at < text.length()) {
            int from = at;
            while (at < text.length() && (isDigit(text.charAt(at)) || text.charAt(at) == '.')) {
                at++;
            }
            int unitFrom = at;
            while (at < text.length() && text.charAt(at) >= 'a' && text.charAt(at) <= 'z') {
                at++;
            }
            int unit = indexOf(text.substring(unitFrom, at));
            String number = text.substring(from, unitFrom);
            if (unit < 0 || unit >= lastUnit || number.length() > 18 || !isNumber(number)) {
                throw bad(text);
            }
            nanos = nanos.add(new BigDecimal(number).multiply(BigDecimal.valueOf(NANOS[unit])));
            lastUnit = unit;
        }
        if (text.isEmpty() || nanos.compareTo(BigDecimal.valueOf(NANOS[6]).multiply(BigDecimal.valueOf(10_000))) > 0) {
            throw bad(text);
        }
        try {
            return Duration.ofNanos(nanos.longValueExact());
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("a duration is in whole nanoseconds, got '" + text + "'");
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isNumber(String s) {
        int dot = s.indexOf('.');
        return !s.isEmpty() && dot != 0 && dot != s.length() - 1 && dot == s.lastIndexOf('.');
    }

    private static int indexOf(String unit) {
        for (int i = 0; i < UNITS.length; i++) {
            if (UNITS[i].equals(unit)) {
                return i;
            }
        }
        return -1;
    }

    private static IllegalArgumentException bad(String text) {
        return new IllegalArgumentException("expected a duration such as 100ms, 2s or 1h30m, got '" + text + "'");
    }

    /** The shortest way to write it that {@link #parse} reads back: the largest unit that divides it. */
    public static String text(Duration duration) {
        long nanos = duration.toNanos();
        for (int unit = UNITS.length - 1; unit > 0; unit--) {
            if (nanos != 0 && nanos % NANOS[unit] == 0) {
                return nanos / NANOS[unit] + UNITS[unit];
            }
        }
        return nanos == 0 ? "0s" : nanos + "ns";
    }
}
