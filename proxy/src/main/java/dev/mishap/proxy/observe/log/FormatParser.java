package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Splits a format into text and operators. An operator is {@code %NAME%}, {@code %NAME(parameters)%} or
 * {@code %NAME(parameters):N%}; parameters end at the first {@code )} that the rest of an operator follows, so that they may
 * hold parentheses and percent signs ({@code %START_TIME(%Y)%}).
 */
final class FormatParser {
    private final String format;
    private int at;

    private final Function<Command, Field> operators;

    private FormatParser(String format, Function<Command, Field> operators) {
        this.format = format;
        this.operators = operators;
    }

    /** The parts in order: byte[] for text, {@link Field} for an operator. */
    static List<Object> parse(String format, Function<Command, Field> operators) {
        return new FormatParser(format, operators).parse();
    }

    private List<Object> parse() {
        List<Object> parts = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        while (at < format.length()) {
            char c = format.charAt(at);
            if (c != '%') {
                text.append(c);
                at++;
            } else if (format.startsWith("%%", at)) {
                text.append('%');
                at += 2;
            } else {
                flush(text, parts);
                parts.add(operator());
            }
        }
        flush(text, parts);
        return parts;
    }

    private static void flush(StringBuilder text, List<Object> parts) {
        if (text.length() > 0) {
            parts.add(text.toString().getBytes(StandardCharsets.UTF_8));
            text.setLength(0);
        }
    }

    private Field operator() {
        int start = at;
        int nameEnd = start + 1;
        while (nameEnd < format.length() && isNameChar(format.charAt(nameEnd))) {
            nameEnd++;
        }
        if (nameEnd == start + 1) {
            throw invalid(start);
        }
        String name = format.substring(start + 1, nameEnd);
        if (peek(nameEnd) != '(') {
            int end = suffixEnd(nameEnd);
            if (end < 0) {
                throw invalid(start);
            }
            at = end;
            return operators.apply(new Command(name, "", maxLength(nameEnd)));
        }
        for (int close = format.indexOf(')', nameEnd); close >= 0; close = format.indexOf(')', close + 1)) {
            int end = suffixEnd(close + 1);
            if (end >= 0) {
                String parameters = format.substring(nameEnd + 1, close);
                if (parameters.indexOf('\n') >= 0) {
                    break;
                }
                at = end;
                return operators.apply(new Command(name, parameters, maxLength(close + 1)));
            }
        }
        throw invalid(start);
    }

    private static boolean isNameChar(char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    }

    private int peek(int index) {
        return index < format.length() ? format.charAt(index) : -1;
    }

    /** The index after {@code %} or {@code :N%} at {@code from}, or -1 if there is neither. */
    private int suffixEnd(int from) {
        int i = from;
        if (peek(i) == ':') {
            i++;
            int digits = i;
            while (peek(i) >= '0' && peek(i) <= '9') {
                i++;
            }
            if (i == digits) {
                return -1;
            }
        }
        return peek(i) == '%' ? i + 1 : -1;
    }

    private int maxLength(int from) {
        if (peek(from) != ':') {
            return -1;
        }
        String digits = format.substring(from + 1, format.indexOf('%', from));
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw new ConfigException("Length must be an integer, given: " + digits);
        }
    }

    private ConfigException invalid(int position) {
        return new ConfigException(
                "Incorrect configuration: " + format + ". Couldn't find valid command at position " + position);
    }

    /**
     * An operator as written.
     *
     * @param maxLength how many bytes of the value to keep, -1 = all
     */
    record Command(String name, String parameters, int maxLength) {
        boolean bare() {
            return parameters.isEmpty() && maxLength < 0;
        }
    }
}
