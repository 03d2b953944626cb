package dev.mishap.proxy.config.schema;

import com.google.re2j.Pattern;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Holds one value to the rules of its field; what is broken comes back in the words of Envoy's validators. */
final class RuleCheck {
    private RuleCheck() {}

    /** What is wrong with {@code value} of a field (for a repeated or map field: one of its values), or null. */
    static @Nullable String value(FieldRules rules, FieldType field, @Nullable Object value) {
        switch (rules.type) {
            case 0:
            case FieldRules.REPEATED:
            case FieldRules.MAP:
                return null;
            case FieldRules.STRING:
                return string(rules, value == null ? "" : (String) value);
            case FieldRules.BYTES:
                return bytes(rules, value == null ? "" : (String) value);
            case FieldRules.ENUM:
                return enumValue(rules, field, value == null ? 0 : (Long) value);
            case 13:
                return bool(rules, Boolean.TRUE.equals(value));
            case FieldRules.ANY:
                return any(rules, value);
            case FieldRules.DURATION:
                return value instanceof TimeValue time ? number(rules, time.nanosSaturated()) : null;
            case FieldRules.TIMESTAMP:
                return null;
            default:
                if (rules.ignoreEmpty && (value == null || ((Number) value).doubleValue() == 0)) {
                    return null;
                }
                if (rules.type == FieldRules.FLOAT || rules.type == FieldRules.DOUBLE) {
                    return number(rules, value == null ? 0.0 : ((Number) value).doubleValue());
                }
                return number(rules, value == null ? 0L : (Long) value);
        }
    }

    static @Nullable String key(FieldRules rules, Object key) {
        if (rules.type == FieldRules.STRING) {
            return string(rules, (String) key);
        }
        return key instanceof Long number ? number(rules, number) : null;
    }

    private static @Nullable String any(FieldRules rules, @Nullable Object value) {
        if (!(value instanceof MessageNode node)) {
            return null;
        }
        String url = String.valueOf(node.typeUrl());
        if (!rules.in.isEmpty() && !rules.in.contains(url)) {
            return "type URL must be in list " + list(rules, rules.in);
        }
        return rules.notIn.contains(url) ? "type URL must not be in list " + list(rules, rules.notIn) : null;
    }

    private static @Nullable String bool(FieldRules rules, boolean value) {
        // The constant of BoolRules is decoded as a number.
        Number constant = rules.constant;
        return constant != null && (constant.longValue() != 0) != value
                ? "value must equal " + (constant.longValue() != 0)
                : null;
    }

    private static @Nullable String enumValue(FieldRules rules, FieldType field, long value) {
        if (rules.constant != null && rules.constant.longValue() != value) {
            return "value must equal " + rules.constant;
        }
        if (!rules.in.isEmpty() && !rules.in.contains(value)) {
            return "value must be in list " + list(rules, rules.in);
        }
        if (rules.notIn.contains(value)) {
            return "value must not be in list " + list(rules, rules.notIn);
        }
        boolean unknown = rules.definedOnly && field.enumType().nameOf((int) value) == null;
        return unknown ? "value must be one of the defined enum values" : null;
    }

    private static @Nullable String number(FieldRules rules, Number value) {
        if (rules.constant != null && compare(rules.constant, value) != 0) {
            return "value must equal " + text(rules, rules.constant);
        }
        String outside = bounds(rules, value);
        if (outside != null) {
            return outside;
        }
        if (!rules.in.isEmpty() && !rules.in.contains(value)) {
            return "value must be in list " + list(rules, rules.in);
        }
        return rules.notIn.contains(value) ? "value must not be in list " + list(rules, rules.notIn) : null;
    }

    private static @Nullable String bounds(FieldRules rules, Number value) {
        Number low = rules.gt != null ? rules.gt : rules.gte;
        Number high = rules.lt != null ? rules.lt : rules.lte;
        boolean belowLow = low != null && (rules.gt != null ? compare(value, low) <= 0 : compare(value, low) < 0);
        boolean overHigh = high != null && (rules.lt != null ? compare(value, high) >= 0 : compare(value, high) > 0);
        if (low != null && high != null) {
            if (compare(high, low) < 0) {
                // Bounds the wrong way round mean all but what lies between them.
                return belowLow && overHigh
                        ? "value must be outside range " + (rules.lt != null ? "[" : "(") + text(rules, high) + ", "
                                + text(rules, low) + (rules.gt != null ? "]" : ")")
                        : null;
            }
            return belowLow || overHigh
                    ? "value must be inside range " + (rules.gt != null ? "(" : "[") + text(rules, low) + ", "
                            + text(rules, high) + (rules.lt != null ? ")" : "]")
                    : null;
        }
        if (belowLow && low != null) {
            return "value must be greater than " + (rules.gt != null ? "" : "or equal to ") + text(rules, low);
        }
        if (overHigh && high != null) {
            return "value must be less than " + (rules.lt != null ? "" : "or equal to ") + text(rules, high);
        }
        return null;
    }

    private static int compare(Number a, Number b) {
        return a instanceof Long && b instanceof Long
                ? Long.compare(a.longValue(), b.longValue())
                : Double.compare(a.doubleValue(), b.doubleValue());
    }

    private static @Nullable String string(FieldRules rules, String value) {
        if (rules.ignoreEmpty && value.isEmpty()) {
            return null;
        }
        int characters = value.codePointCount(0, value.length());
        String problem = length(characters, rules.len, rules.minLen, rules.maxLen, "characters");
        if (problem == null && (rules.minBytes >= 0 || rules.maxBytes >= 0 || rules.lenBytes >= 0)) {
            int bytes = value.getBytes(StandardCharsets.UTF_8).length;
            problem = length(bytes, rules.lenBytes, rules.minBytes, rules.maxBytes, "bytes");
        }
        return problem == null ? content(rules, value) : problem;
    }

    private static @Nullable String bytes(FieldRules rules, String value) {
        if (rules.ignoreEmpty && value.isEmpty()) {
            return null;
        }
        String problem = length(value.length(), rules.lenBytes, rules.minBytes, rules.maxBytes, "bytes");
        return problem == null ? content(rules, value) : problem;
    }

    private static @Nullable String length(int length, long exact, long min, long max, String unit) {
        if (exact >= 0 && length != exact) {
            return "value length must be " + exact + " " + unit;
        }
        if (min >= 0 && max >= 0) {
            return length < min || length > max
                    ? "value length must be between " + min + " and " + max + " " + unit + ", inclusive"
                    : null;
        }
        if (min >= 0 && length < min) {
            return "value length must be at least " + min + " " + unit;
        }
        return max >= 0 && length > max ? "value length must be at most " + max + " " + unit : null;
    }

    private static @Nullable String content(FieldRules rules, String value) {
        if (rules.constantText != null && !rules.constantText.equals(value)) {
            return "value must equal " + rules.constantText;
        }
        if (rules.prefix != null && !value.startsWith(rules.prefix)) {
            return "value does not have prefix \"" + rules.prefix + '"';
        }
        if (rules.suffix != null && !value.endsWith(rules.suffix)) {
            return "value does not have suffix \"" + rules.suffix + '"';
        }
        if (rules.contains != null && !value.contains(rules.contains)) {
            return "value does not contain substring \"" + rules.contains + '"';
        }
        if (rules.notContains != null && value.contains(rules.notContains)) {
            return "value contains substring \"" + rules.notContains + '"';
        }
        if (!rules.in.isEmpty() && !rules.in.contains(value)) {
            return "value must be in list " + list(rules, rules.in);
        }
        if (rules.notIn.contains(value)) {
            return "value must not be in list " + list(rules, rules.notIn);
        }
        String header = header(rules, value);
        if (header != null) {
            return header;
        }
        if (rules.pattern != null
                && !Pattern.compile(rules.pattern).matcher(value).find()) {
            return "value does not match regex pattern \"" + rules.pattern + '"';
        }
        return null;
    }

    private static @Nullable String header(FieldRules rules, String value) {
        if (rules.knownRegex == 0) {
            return null;
        }
        boolean name = rules.knownRegex == 1;
        boolean good;
        String pattern;
        if (!rules.strict) {
            good = value.indexOf('\0') < 0 && value.indexOf('\n') < 0 && value.indexOf('\r') < 0;
            pattern = "^[^\\x00\\n\\r]*$";
        } else if (name) {
            good = isHeaderName(value);
            pattern = "^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$";
        } else {
            good = isHeaderValue(value);
            pattern = "^[^\\x00-\\x08\\x0A-\\x1F\\x7F]*$";
        }
        return good ? null : "value does not match regex pattern \"" + pattern + '"';
    }

    private static boolean isHeaderName(String value) {
        int start = value.startsWith(":") ? 1 : 0;
        for (int i = start; i < value.length(); i++) {
            char c = value.charAt(i);
            boolean token = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
            if (!token && "!#$%&'*+,-.^_|~`".indexOf(c) < 0) {
                return false;
            }
        }
        return value.length() > start;
    }

    private static boolean isHeaderValue(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < ' ' && c != '\t' || c == 0x7f) {
                return false;
            }
        }
        return true;
    }

    private static String list(FieldRules rules, List<Object> values) {
        StringBuilder s = new StringBuilder("[");
        for (Object value : values) {
            s.append(s.length() == 1 ? "" : " ").append(value instanceof Number n ? text(rules, n) : value);
        }
        return s.append(']').toString();
    }

    private static String text(FieldRules rules, Number value) {
        if (rules.type == FieldRules.DURATION) {
            return goDuration(value.longValue());
        }
        if (value instanceof Double d && d == Math.rint(d) && Math.abs(d) < 1e15) {
            return Long.toString(d.longValue());
        }
        return value.toString();
    }

    /** A duration as the validators print it: {@code 5m0s}, {@code 1.5s}, {@code 1ms}, {@code 0s}. */
    static String goDuration(long nanos) {
        if (nanos == 0) {
            return "0s";
        }
        if (nanos < 1_000L) {
            return nanos + "ns";
        }
        if (nanos < 1_000_000L) {
            return decimal(nanos, 1_000L) + "µs";
        }
        if (nanos < 1_000_000_000L) {
            return decimal(nanos, 1_000_000L) + "ms";
        }
        long minutes = nanos / 60_000_000_000L;
        String seconds = decimal(nanos % 60_000_000_000L, 1_000_000_000L) + "s";
        if (minutes == 0) {
            return seconds;
        }
        return minutes < 60 ? minutes + "m" + seconds : minutes / 60 + "h" + minutes % 60 + "m" + seconds;
    }

    private static String decimal(long value, long unit) {
        long rest = value % unit;
        if (rest == 0) {
            return Long.toString(value / unit);
        }
        String fraction = Long.toString(unit + rest).substring(1);
        int end = fraction.length();
        while (fraction.charAt(end - 1) == '0') {
            end--;
        }
        return value / unit + "." + fraction.substring(0, end);
    }
}
