package dev.mishap.proxy.config.schema;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Scalar values in the forms that protobuf's JSON mapping allows. */
final class Scalars {
    private static final int MAX_DIGITS = 40;

    private Scalars() {}

    /** A whole number: digits, or a fraction or exponent whose value is whole; null when it is not one or needs over 64 bits. */
    static @Nullable Long integer(String text) {
        int length = text.length();
        if (length == 0 || length > MAX_DIGITS) {
            return null;
        }
        boolean plain = true;
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c >= '0' && c <= '9' || i == 0 && c == '-') {
                continue;
            }
            if (c != '.' && c != 'e' && c != 'E' && c != '-' && c != '+') {
                return null;
            }
            plain = false;
        }
        try {
            if (plain) {
                return Long.parseLong(text);
            }
            BigDecimal value = new BigDecimal(text);
            // A huge exponent would make longValueExact build as many digits.
            return Math.abs((long) value.precision() - value.scale()) > MAX_DIGITS ? null : value.longValueExact();
        } catch (ArithmeticException | NumberFormatException notWhole) {
            return null;
        }
    }

    /** A whole number in quotes: any that {@link #integer} takes, or hexadecimal such as {@code 0x1F}. */
    static @Nullable Long quotedInteger(String text) {
        Long plain = integer(text);
        if (plain != null || text.isEmpty() || text.charAt(0) <= ' ' || !isHexadecimal(text)) {
            return plain;
        }
        Double number = quotedNumber(text);
        return number != null && number == Math.rint(number) && Math.abs(number) < 1L << 53
                ? (Long) number.longValue()
                : null;
    }

    /** The words that Envoy takes for a boolean in quotes; null for others. */
    static @Nullable Boolean bool(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "t", "yes", "y", "1" -> true;
            case "false", "f", "no", "n", "0" -> false;
            default -> null;
        };
    }

    /** The default of a scalar kind. */
    static Object defaultOf(int kind) {
        switch (kind) {
            case FieldType.BOOL:
                return false;
            case FieldType.STRING:
            case FieldType.BYTES:
                return "";
            case FieldType.DOUBLE:
                return 0.0;
            case FieldType.FLOAT:
                return 0f;
            default:
                return 0L;
        }
    }

    static boolean inRange(int kind, long value) {
        switch (kind) {
            case FieldType.INT32:
            case FieldType.SINT32:
            case FieldType.SFIXED32:
                return value == (int) value;
            case FieldType.UINT32:
            case FieldType.FIXED32:
                return value >= 0 && value <= 0xffffffffL;
            case FieldType.UINT64:
            case FieldType.FIXED64:
                return value >= 0;
            default:
                return true;
        }
    }

    static String integerName(int kind) {
        switch (kind) {
            case FieldType.INT32:
            case FieldType.SINT32:
            case FieldType.SFIXED32:
                return "a 32-bit integer";
            case FieldType.UINT32:
            case FieldType.FIXED32:
                return "an unsigned 32-bit integer";
            case FieldType.UINT64:
            case FieldType.FIXED64:
                return "an integer of 0 to 9223372036854775807";
            default:
                return "a 64-bit integer";
        }
    }

    static @Nullable Double number(String text) {
        switch (text) {
            case "NaN":
                return Double.NaN;
            case "Infinity":
                return Double.POSITIVE_INFINITY;
            case "-Infinity":
                return Double.NEGATIVE_INFINITY;
            default:
        }
        if (text.isEmpty() || text.length() > 400) {
            return null;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E') {
                return null;
            }
        }
        try {
            double value = Double.parseDouble(text);
            return Double.isInfinite(value) ? null : (Double) value;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** A number in quotes, in the forms of C's {@code strtod}: blanks around it, infinity in any spelling, hexadecimal. */
    static @Nullable Double quotedNumber(String text) {
        Double plain = number(text);
        if (plain != null || text.length() > 400) {
            return plain;
        }
        String trimmed = text.trim();
        String word = trimmed.toLowerCase(Locale.ROOT);
        boolean negative = word.startsWith("-");
        switch (negative || word.startsWith("+") ? word.substring(1) : word) {
            case "nan":
                return Double.NaN;
            case "inf", "infinity":
                return negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
            default:
        }
        if (isHexadecimal(word)) {
            try {
                return Double.valueOf(word.indexOf('p') < 0 ? word + "p0" : word);
            } catch (NumberFormatException e) {
                return null;
            }
        }
        return trimmed.length() < text.length() ? number(trimmed) : null;
    }

    /** Whether it begins as a hexadecimal number; {@code Double} takes no other, but for the letters that Java has for types. */
    private static boolean isHexadecimal(String text) {
        int start = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
        if (!text.regionMatches(true, start, "0x", 0, 2)) {
            return false;
        }
        return text.indexOf('p') < 0 || Character.isDigit(text.charAt(text.length() - 1));
    }

    static boolean overflowsFloat(double value) {
        return !Double.isInfinite(value) && Float.isInfinite((float) value);
    }

    /** Standard or URL-safe base64, padded or not, as ISO-8859-1 characters; null when it is not base64. */
    static @Nullable String base64(String text) {
        try {
            byte[] bytes = Base64.getDecoder().decode(text.replace('-', '+').replace('_', '/'));
            return new String(bytes, StandardCharsets.ISO_8859_1);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    static @Nullable TimeValue timestamp(String text) {
        try {
            Instant instant = OffsetDateTime.parse(text).toInstant();
            return new TimeValue(instant.getEpochSecond(), instant.getNano());
        } catch (DateTimeException e) {
            return null;
        }
    }
}
