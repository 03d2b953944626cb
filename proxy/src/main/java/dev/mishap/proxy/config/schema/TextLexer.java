package dev.mishap.proxy.config.schema;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The tokens of protobuf's text format, and where they stand. */
final class TextLexer {
    private final String text;
    private int at;
    private int line = 1;
    private int lineStart;

    TextLexer(String text) {
        this.text = text;
    }

    int position() {
        space();
        for (int i = text.indexOf('\n', lineStart); i >= 0 && i < at; i = text.indexOf('\n', lineStart)) {
            line++;
            lineStart = i + 1;
        }
        return SourceValue.position(line, at - lineStart + 1);
    }

    private void space() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '#') {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
                at++;
            } else {
                return;
            }
        }
    }

    private char peek() {
        space();
        return at < text.length() ? text.charAt(at) : '\0';
    }

    boolean accept(char c) {
        if (peek() == c && at < text.length()) {
            at++;
            return true;
        }
        return false;
    }

    void expect(char c) {
        if (!accept(c)) {
            throw error("expected '" + c + "'");
        }
    }

    boolean isOpen() {
        char c = peek();
        return c == '{' || c == '<';
    }

    /** Reads the opening of a message and returns what closes it. */
    char open() {
        if (accept('{')) {
            return '}';
        }
        if (accept('<')) {
            return '>';
        }
        throw error("expected '{'");
    }

    /** Whether the message ends here; reads its closing. {@code end} is 0 for the document. */
    boolean atEnd(char end) {
        char c = peek();
        if (at >= text.length()) {
            if (end != '\0') {
                throw error("expected '" + end + "'");
            }
            return true;
        }
        if (end != '\0' && c == end) {
            at++;
            return true;
        }
        return false;
    }

    void separator() {
        if (!accept(',')) {
            accept(';');
        }
    }

    String fieldName() {
        if (accept('[')) {
            int end = text.indexOf(']', at);
            if (end < 0) {
                throw error("expected ']'");
            }
            String name = text.substring(at, end).strip();
            at = end + 1;
            return name;
        }
        return word();
    }

    String word() {
        space();
        int start = at;
        while (at < text.length() && isWord(text.charAt(at))) {
            at++;
        }
        if (start == at) {
            throw error(at == text.length() ? "unexpected end" : "unexpected '" + text.charAt(at) + "'");
        }
        return text.substring(start, at);
    }

    private static boolean isWord(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '_'
                || c == '-'
                || c == '+'
                || c == '.';
    }

    void skipScalar() {
        char c = peek();
        if (c == '"' || c == '\'') {
            bytes();
        } else {
            word();
        }
    }

    boolean bool() {
        switch (word()) {
            case "true", "True", "t", "1":
                return true;
            case "false", "False", "f", "0":
                return false;
            default:
                throw error("expected true or false");
        }
    }

    double number() {
        String word = word();
        boolean negative = word.startsWith("-");
        String lower = (negative ? word.substring(1) : word).toLowerCase(Locale.ROOT);
        switch (lower) {
            case "inf", "infinity", "inff":
                return negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
            case "nan", "nanf":
                return Double.NaN;
            default:
        }
        Double value = Scalars.number(lower.endsWith("f") ? lower.substring(0, lower.length() - 1) : lower);
        if (value == null) {
            throw error("expected a number");
        }
        return negative ? -value : value;
    }

    static @Nullable Long integer(String word) {
        boolean negative = word.startsWith("-");
        String digits = negative ? word.substring(1) : word;
        int radix = 10;
        if (digits.startsWith("0x") || digits.startsWith("0X")) {
            radix = 16;
            digits = digits.substring(2);
        } else if (digits.length() > 1 && digits.startsWith("0")) {
            radix = 8;
            digits = digits.substring(1);
        }
        if (digits.isEmpty() || digits.charAt(0) == '-' || digits.charAt(0) == '+') {
            return null;
        }
        try {
            return Long.parseLong(negative ? "-" + digits : digits, radix);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    String string() {
        byte[] bytes = bytes().getBytes(StandardCharsets.ISO_8859_1);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** One or more quoted strings, as ISO-8859-1 characters of their bytes. */
    String bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        char quote = peek();
        if (quote != '"' && quote != '\'') {
            throw error("expected a string");
        }
        while (quote == '"' || quote == '\'') {
            at++;
            quoted(quote, out);
            quote = peek();
        }
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    private void quoted(char quote, ByteArrayOutputStream out) {
        while (true) {
            char c = next();
            if (c == quote) {
                return;
            }
            if (c == '\n') {
                throw error("a string can't go over a line's end");
            }
            if (c == '\\') {
                escape(out);
            } else if (c < 0x80) {
                out.write(c);
            } else {
                at--;
                int point = text.codePointAt(at);
                at += Character.charCount(point);
                out.writeBytes(new String(Character.toChars(point)).getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private void escape(ByteArrayOutputStream out) {
        char c = next();
        int simple = "abfnrtv\\'\"?".indexOf(c);
        if (simple >= 0) {
            out.write("\u0007\b\f\n\r\t\u000b\\'\"?".charAt(simple));
        } else if (c >= '0' && c <= '7') {
            at--;
            out.write(digits(8, 3));
        } else if (c == 'x' || c == 'X') {
            out.write(digits(16, 2));
        } else if (c == 'u' || c == 'U') {
            int point = digits(16, c == 'u' ? 4 : 8);
            if (!Character.isValidCodePoint(point)) {
                throw error("a bad escape");
            }
            out.writeBytes(new String(Character.toChars(point)).getBytes(StandardCharsets.UTF_8));
        } else {
            throw error("a bad escape");
        }
    }

    private int digits(int radix, int most) {
        int value = 0;
        int count = 0;
        while (count < most
                && at < text.length()
                && text.charAt(at) < 128
                && Character.digit(text.charAt(at), radix) >= 0) {
            value = value * radix + Character.digit(text.charAt(at++), radix);
            count++;
        }
        if (count == 0) {
            throw error("a bad escape");
        }
        return value;
    }

    private char next() {
        if (at >= text.length()) {
            throw error("a string without an end");
        }
        return text.charAt(at++);
    }

    ConfigException error(String problem) {
        int position = position();
        return new ConfigException(
                "Unable to parse file as text protobuf: near " + SourceValue.place(position) + ": " + problem);
    }
}
