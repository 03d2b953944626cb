package dev.mishap.proxy.config.schema;

import java.util.HashSet;
import java.util.Set;

/**
 * Reads a JSON document (RFC 8259) with the place of each value. What protobuf's reader forgives is forgiven: a comma after the last
 * element, single quotes, keys without quotes, control characters in strings.
 */
final class JsonSource {
    private final String text;
    private int at;
    private int line = 1;
    private int lineStart;

    private JsonSource(String text) {
        this.text = text;
    }

    static SourceValue read(String text) {
        JsonSource source = new JsonSource(text);
        source.space();
        SourceValue value = source.value(0);
        source.space();
        if (source.at != text.length()) {
            throw source.error("more after the end of the document");
        }
        return value;
    }

    private SourceValue value(int depth) {
        if (depth > Limits.MAX_DEPTH) {
            throw error("nested deeper than " + Limits.MAX_DEPTH);
        }
        int position = SourceValue.position(line, at - lineStart + 1);
        char c = peek();
        switch (c) {
            case '{':
                return map(position, depth);
            case '[':
                return list(position, depth);
            case '"', '\'':
                return SourceValue.scalar(SourceValue.Kind.STRING, string(), position);
            case 't':
                literal("true");
                return SourceValue.scalar(SourceValue.Kind.BOOL, "true", position);
            case 'f':
                literal("false");
                return SourceValue.scalar(SourceValue.Kind.BOOL, "false", position);
            case 'n':
                literal("null");
                return SourceValue.scalar(SourceValue.Kind.NULL, "null", position);
            default:
                return SourceValue.scalar(SourceValue.Kind.NUMBER, number(), position);
        }
    }

    private SourceValue map(int position, int depth) {
        SourceValue map = SourceValue.map(position);
        Set<String> seen = new HashSet<>();
        at++;
        space();
        if (peek() == '}') {
            at++;
            return map;
        }
        while (true) {
            int keyAt = at;
            String key = key();
            if (!seen.add(key)) {
                at = keyAt;
                throw error("the key '" + key + "' is there twice");
            }
            space();
            expect(':');
            space();
            map.keys.add(key);
            map.items.add(value(depth + 1));
            space();
            if (peek() == '}') {
                at++;
                return map;
            }
            expect(',');
            space();
            if (peek() == '}') {
                at++;
                return map;
            }
        }
    }

    private String key() {
        if (peek() == '"' || peek() == '\'') {
            return string();
        }
        int start = at;
        while (Character.isLetterOrDigit(peek()) || peek() == '_' || peek() == '$') {
            at++;
        }
        if (start == at || Character.isDigit(text.charAt(start))) {
            at = start;
            throw error("expected a key");
        }
        return text.substring(start, at);
    }

    private SourceValue list(int position, int depth) {
        SourceValue list = SourceValue.list(position);
        at++;
        space();
        if (peek() == ']') {
            at++;
            return list;
        }
        while (true) {
            list.items.add(value(depth + 1));
            space();
            if (peek() == ']') {
                at++;
                return list;
            }
            expect(',');
            space();
            if (peek() == ']') {
                at++;
                return list;
            }
        }
    }

    private String string() {
        char quote = next();
        StringBuilder s = new StringBuilder();
        while (true) {
            char c = next();
            if (c == quote) {
                return s.toString();
            }
            if (c == '\n') {
                line++;
                lineStart = at;
            }
            if (c != '\\') {
                s.append(c);
                continue;
            }
            char escaped = escape();
            s.append(escaped);
            if (Character.isHighSurrogate(escaped)) {
                s.append(lowSurrogate());
            } else if (Character.isLowSurrogate(escaped)) {
                throw error("a bad \\u escape: half of a pair");
            }
        }
    }

    private char lowSurrogate() {
        expect('\\');
        if (peek() != 'u') {
            throw error("expected '\\u'");
        }
        char low = escape();
        if (!Character.isLowSurrogate(low)) {
            throw error("a bad \\u escape: half of a pair");
        }
        return low;
    }

    private char escape() {
        char c = next();
        switch (c) {
            case '"', '\\', '/', '\'':
                return c;
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                int code = 0;
                for (int i = 0; i < 4; i++) {
                    char h = next();
                    int digit = h < 128 ? Character.digit(h, 16) : -1;
                    if (digit < 0) {
                        throw error("a bad \\u escape");
                    }
                    code = code << 4 | digit;
                }
                return (char) code;
            default:
                throw error("a bad escape");
        }
    }

    private String number() {
        int start = at;
        if (peek() == '-') {
            at++;
        }
        int whole = digits();
        if (whole == 0 || whole > 1 && text.charAt(at - whole) == '0') {
            at = start;
            throw error("expected a value");
        }
        if (at < text.length() && text.charAt(at) == '.') {
            at++;
            if (digits() == 0) {
                throw error("expected a digit");
            }
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            at++;
            if (peek() == '+' || peek() == '-') {
                at++;
            }
            if (digits() == 0) {
                throw error("expected a digit");
            }
        }
        return text.substring(start, at);
    }

    private int digits() {
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at - start;
    }

    private void literal(String word) {
        if (!text.startsWith(word, at)) {
            throw error("expected a value");
        }
        at += word.length();
    }

    private void space() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\n') {
                line++;
                lineStart = at + 1;
            } else if (c != ' ' && c != '\t' && c != '\r') {
                return;
            }
            at++;
        }
    }

    private void expect(char c) {
        if (peek() != c) {
            throw error("expected '" + c + "'");
        }
        at++;
    }

    private char peek() {
        if (at >= text.length()) {
            throw error("unexpected end of the document");
        }
        return text.charAt(at);
    }

    private char next() {
        char c = peek();
        at++;
        return c;
    }

    private ConfigException error(String problem) {
        return new ConfigException("Unable to parse JSON as proto (INVALID_ARGUMENT: invalid JSON, near " + line + ":"
                + (at - lineStart + 1) + ": " + problem + ")");
    }
}
