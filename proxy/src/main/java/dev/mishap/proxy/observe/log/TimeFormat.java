package dev.mishap.proxy.observe.log;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.time.temporal.TemporalField;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A strftime format with Envoy's additions: {@code %3f} is the fraction of the second in so many digits (1 to 9), {@code %f}
 * in nine, {@code %E3S} the seconds with such a fraction, {@code %E*S} with as many digits as it needs. What is no
 * conversion stays as it is. Immutable.
 */
final class TimeFormat {
    /** The format of {@code %START_TIME%} without parameters. */
    static final String DEFAULT = "%Y-%m-%dT%H:%M:%E3SZ";

    private final List<Part> parts;
    private final ZoneId zone;
    private final boolean isDefault;

    private TimeFormat(List<Part> parts, ZoneId zone, boolean isDefault) {
        this.parts = parts;
        this.zone = zone;
        this.isDefault = isDefault;
    }

    static TimeFormat of(String format, ZoneId zone) {
        List<Part> parts = new ArrayList<>();
        int i = 0;
        while (i < format.length()) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                parts.add(literal(c));
                i++;
                continue;
            }
            char k = format.charAt(i + 1);
            int length = 2;
            Part part;
            if (k >= '1' && k <= '9' && i + 2 < format.length() && format.charAt(i + 2) == 'f') {
                part = fraction(k - '0');
                length = 3;
            } else if (k == 'E') {
                length = extendedLength(format, i + 2);
                part = length == 0 ? null : extended(format.substring(i + 2, i + length));
            } else {
                part = conversion(k);
            }
            if (part == null) {
                parts.add(literal(c));
                i++;
            } else {
                parts.add(part);
                i += length;
            }
        }
        return new TimeFormat(List.copyOf(parts), zone, format.equals(DEFAULT) && zone.equals(ZoneOffset.UTC));
    }

    void append(long epochNanos, LogBuffer out) {
        long second = Math.floorDiv(epochNanos, 1_000_000_000L);
        int nano = (int) Math.floorMod(epochNanos, 1_000_000_000L);
        if (isDefault) {
            appendDefault(second, nano, out);
            return;
        }
        ZonedDateTime time = Instant.ofEpochSecond(second, nano).atZone(zone);
        for (int i = 0; i < parts.size(); i++) {
            parts.get(i).append(time, out);
        }
    }

    /** The default format is on the way of every request: the text down to the second is kept until the second is over. */
    private static void appendDefault(long second, int nano, LogBuffer out) {
        if (out.cachedSecond != second) {
            String text = Instant.ofEpochSecond(second).toString(); // 2026-11-23T15:12:36Z
            for (int i = 0; i < 20; i++) {
                out.cachedSecondText[i] = i == 19 ? (byte) '.' : (byte) text.charAt(i);
            }
            out.cachedSecond = second;
        }
        out.append(out.cachedSecondText);
        out.padded(nano / 1_000_000, 3);
        out.append('Z');
    }

    private interface Part {
        void append(ZonedDateTime time, LogBuffer out);
    }

    private static Part literal(char c) {
        String text = String.valueOf(c);
        return (time, out) -> out.utf8(text);
    }

    private static Part fraction(int digits) {
        int divisor = (int) Math.pow(10, 9 - digits);
        return (time, out) -> out.padded(time.getNano() / divisor, digits);
    }

    private static Part padded(TemporalField field, int width) {
        return (time, out) -> out.padded(time.getLong(field), width);
    }

    /** A number of two places with a leading blank. */
    private static Part blankPadded(TemporalField field) {
        return (time, out) -> {
            long n = time.getLong(field);
            if (n < 10) {
                out.append(' ');
            }
            out.number(n);
        };
    }

    private static Part several(String format) {
        TimeFormat inner = of(format, ZoneOffset.UTC);
        return (time, out) -> inner.parts.forEach(p -> p.append(time, out));
    }

    /** The conversion of that letter, null = none. */
    private static @Nullable Part conversion(char k) {
        return switch (k) {
            case 'Y' -> (time, out) -> out.number(time.getYear());
            case 'C' -> (time, out) -> out.padded(time.getYear() / 100, 2);
            case 'y' -> (time, out) -> out.padded(time.getYear() % 100, 2);
            case 'm' -> padded(ChronoField.MONTH_OF_YEAR, 2);
            case 'd' -> padded(ChronoField.DAY_OF_MONTH, 2);
            case 'e' -> blankPadded(ChronoField.DAY_OF_MONTH);
            case 'j' -> padded(ChronoField.DAY_OF_YEAR, 3);
            case 'H' -> padded(ChronoField.HOUR_OF_DAY, 2);
            case 'I' -> padded(ChronoField.CLOCK_HOUR_OF_AMPM, 2);
            case 'k' -> blankPadded(ChronoField.HOUR_OF_DAY);
            case 'l' -> blankPadded(ChronoField.CLOCK_HOUR_OF_AMPM);
            case 'M' -> padded(ChronoField.MINUTE_OF_HOUR, 2);
            case 'S' -> padded(ChronoField.SECOND_OF_MINUTE, 2);
            case 'f' -> fraction(9);
            case 's' -> (time, out) -> out.number(time.toEpochSecond());
            case 'p' -> (time, out) -> out.latin1(time.getHour() < 12 ? "AM" : "PM");
            case 'P' -> (time, out) -> out.latin1(time.getHour() < 12 ? "am" : "pm");
            case 'a' -> (time, out) -> out.latin1(time.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH));
            case 'A' -> (time, out) -> out.latin1(time.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH));
            case 'b', 'h' -> (time, out) -> out.latin1(time.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH));
            case 'B' -> (time, out) -> out.latin1(time.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH));
            case 'u' -> (time, out) -> out.number(time.getDayOfWeek().getValue());
            case 'w' -> (time, out) -> out.number(time.getDayOfWeek().getValue() % 7);
            case 'G' -> (time, out) -> out.number(time.get(IsoFields.WEEK_BASED_YEAR));
            case 'g' -> (time, out) -> out.padded(time.get(IsoFields.WEEK_BASED_YEAR) % 100, 2);
            case 'V' -> padded(IsoFields.WEEK_OF_WEEK_BASED_YEAR, 2);
            case 'U' ->
                (time, out) -> out.padded(
                        (time.getDayOfYear() + 6 - time.getDayOfWeek().getValue() % 7) / 7, 2);
            case 'W' ->
                (time, out) -> out.padded(
                        (time.getDayOfYear() + 7 - time.getDayOfWeek().getValue()) / 7, 2);
            case 'z' -> (time, out) -> offset(time, "", out);
            case 'Z' -> (time, out) -> out.latin1(zoneName(time));
            case 'F' -> several("%Y-%m-%d");
            case 'T', 'X' -> several("%H:%M:%S");
            case 'R' -> several("%H:%M");
            case 'r' -> several("%I:%M:%S %p");
            case 'D', 'x' -> several("%m/%d/%y");
            case 'c' -> several("%a %b %e %H:%M:%S %Y");
            case 't' -> literal('\t');
            case '%' -> literal('%');
            default -> null;
        };
    }

    /** How long the conversion {@code %E…} is in all, 0 = none of ours. */
    private static int extendedLength(String format, int from) {
        int i = from;
        if (i < format.length() && (format.charAt(i) == 'z' || format.charAt(i) == 'T')) {
            return 3;
        }
        if (i < format.length() && format.charAt(i) == '*') {
            i++;
            return i < format.length() && "Sfz".indexOf(format.charAt(i)) >= 0 ? 4 : 0;
        }
        while (i < format.length() && Character.isDigit(format.charAt(i)) && i - from < 2) {
            i++;
        }
        if (i == from || i == format.length()) {
            return 0;
        }
        char k = format.charAt(i);
        boolean year = k == 'Y' && format.substring(from, i).equals("4");
        return year || k == 'S' || k == 'f' ? i - from + 3 : 0;
    }

    private static Part extended(String rest) {
        char k = rest.charAt(rest.length() - 1);
        if (k == 'z') {
            return rest.equals("z")
                    ? (time, out) -> offset(time, ":", out)
                    : (time, out) -> {
                        offset(time, ":", out);
                        out.append(':');
                        out.padded(Math.abs(time.getOffset().getTotalSeconds()) % 60, 2);
                    };
        }
        if (k == 'T') {
            return literal('T');
        }
        if (k == 'Y') {
            return (time, out) -> out.padded(time.getYear(), 4);
        }
        boolean seconds = k == 'S';
        if (rest.charAt(0) == '*') {
            return (time, out) -> {
                if (seconds) {
                    out.padded(time.getSecond(), 2);
                }
                int nano = time.getNano();
                if (nano == 0) {
                    if (!seconds) {
                        out.append('0');
                    }
                    return;
                }
                if (seconds) {
                    out.append('.');
                }
                int digits = 9;
                while (nano % 10 == 0) {
                    nano /= 10;
                    digits--;
                }
                out.padded(nano, digits);
            };
        }
        int digits = Integer.parseInt(rest.substring(0, rest.length() - 1));
        return (time, out) -> {
            if (seconds) {
                out.padded(time.getSecond(), 2);
                if (digits > 0) {
                    out.append('.');
                }
            }
            int shown = Math.min(digits, 9);
            if (shown > 0) {
                fraction(shown).append(time, out);
            }
            for (int i = shown; i < digits; i++) {
                out.append('0');
            }
        };
    }

    private static void offset(ZonedDateTime time, String colon, LogBuffer out) {
        int minutes = time.getOffset().getTotalSeconds() / 60;
        out.append(minutes < 0 ? '-' : '+');
        out.padded(Math.abs(minutes) / 60, 2);
        out.latin1(colon);
        out.padded(Math.abs(minutes) % 60, 2);
    }

    private static String zoneName(ZonedDateTime time) {
        return time.getZone() instanceof ZoneOffset
                ? "UTC"
                : time.getZone().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
    }
}
