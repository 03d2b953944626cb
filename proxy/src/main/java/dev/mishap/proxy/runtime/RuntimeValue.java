package dev.mishap.proxy.runtime;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The value of one key, read once into every kind it can be asked for.
 *
 * @param text as /runtime shows it
 * @param number its number, null when it is none
 * @param bool its truth value, null when it has none
 * @param partsPerMillion the fraction of a {numerator, denominator} value in millionths, -1 when it is none
 */
record RuntimeValue(
        String text, @Nullable Double number, @Nullable Boolean bool, long partsPerMillion) {
    private static final long PPM_OF_A_HUNDREDTH = 10_000;

    /** A value of a static layer: string, number, boolean, or a {numerator, denominator} object. */
    static RuntimeValue of(Object value) {
        if (value instanceof Number n) {
            return new RuntimeValue(shortNumber(n.doubleValue()), n.doubleValue(), null, -1);
        }
        if (value instanceof Boolean b) {
            return new RuntimeValue(b.toString(), null, b, -1);
        }
        if (value instanceof Map<?, ?> map) {
            return new RuntimeValue(fractionText(map), null, null, fraction(map));
        }
        return parse(String.valueOf(value));
    }

    /** A value that came as text: from a file or from /runtime_modify. */
    static RuntimeValue parse(String text) {
        String trimmed = text.strip();
        Double number = null;
        Boolean bool = null;
        if (trimmed.equals("true") || trimmed.equals("false")) {
            bool = trimmed.equals("true");
        } else {
            number = number(trimmed);
        }
        long fraction = bool == null && number == null ? FractionText.partsPerMillion(trimmed) : -1;
        return new RuntimeValue(text, number, bool, fraction);
    }

    private static @Nullable Double number(String text) {
        if (text.isEmpty() || Character.isLetter(text.charAt(text.length() - 1))) {
            return null; // Java's own suffixes (1f, 1d) and NaN are no numbers here
        }
        try {
            return Double.valueOf(text);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** Whether an object is a fraction and not a level of keys. */
    static boolean isFraction(Map<?, ?> map) {
        return map.containsKey("numerator") || map.containsKey("denominator");
    }

    private static long fraction(Map<?, ?> map) {
        Object numerator = map.get("numerator");
        long n = numerator instanceof Number number ? number.longValue() : 0;
        return n * ppmOf(String.valueOf(map.get("denominator")));
    }

    static long ppmOf(String denominator) {
        return switch (denominator) {
            case "TEN_THOUSAND", "1" -> 100;
            case "MILLION", "2" -> 1;
            default -> PPM_OF_A_HUNDREDTH;
        };
    }

    private static String fractionText(Map<?, ?> map) {
        StringBuilder out = new StringBuilder("{");
        map.forEach((name, value) -> {
            out.append(out.length() > 1 ? ", " : "").append(name).append(": ");
            out.append(value instanceof Number n ? shortNumber(n.doubleValue()) : value);
        });
        return out.append('}').toString();
    }

    /** Six significant digits, as C's %g, which is what Envoy shows. */
    static String shortNumber(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e6) {
            return Long.toString((long) value);
        }
        String text = String.format(Locale.ROOT, "%.5e", value);
        int e = text.indexOf('e');
        int exponent = Integer.parseInt(text.substring(e + 1));
        if (exponent < -4 || exponent >= 6) {
            String digits = text.substring(0, e);
            return digits.replaceAll("\\.?0+$", "") + text.substring(e);
        }
        return String.format(Locale.ROOT, "%." + Math.max(0, 5 - exponent) + "f", value)
                .replaceAll("\\.?0+$", "");
    }

    /** The value as a whole number, if it is a number and not negative. */
    long integer(long defaultValue) {
        return number == null || number < 0 || number > Long.MAX_VALUE ? defaultValue : number.longValue();
    }

    /** The value as a share in millionths. */
    long partsPerMillion(long defaultValue) {
        if (partsPerMillion >= 0) {
            return partsPerMillion;
        }
        long percent = integer(-1);
        return percent < 0 ? defaultValue : Math.min(percent, 1_000_000_000L) * PPM_OF_A_HUNDREDTH;
    }
}
