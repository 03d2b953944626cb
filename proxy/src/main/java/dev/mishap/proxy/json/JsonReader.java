package dev.mishap.proxy.json;

import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads one JSON text (RFC 8259) that somebody else wrote: objects become maps in their order, numbers Long where they are whole and
 * fit, else Double. Strict, and bounded in depth. Of a repeated key the last value stays.
 */
public final class JsonReader {
    private static final int MAX_DEPTH = 64;

    private final String text;
    private int at;

    private JsonReader(String text) {
        this.text = text;
    }

    /** What is wrong with a text. */
    public static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedException(String message) {
            super(message, null, false, false);
        }
    }

    /** The value of UTF-8 bytes; null for the JSON null. */
    public static @Nullable Object read(byte[] utf8) throws MalformedException {
        try {
            return read(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(java.nio.ByteBuffer.wrap(utf8))
                    .toString());
        } catch (CharacterCodingException e) {
            throw new MalformedException("not UTF-8");
        }
    }

    /** The value of a text; null for the JSON null. */
    public static @Nullable Object read(String text) throws MalformedException {
        JsonReader reader = new JsonReader(text);
        Object value = reader.value(0);
        reader.blanks();
        if (reader.at != text.length()) {
            throw reader.malformed();
        }
        return value;
    }

    private MalformedException malformed() {
        return new MalformedException("unexpected text at " + at);
    }

    private void blanks() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char next() throws MalformedException {
        if (at == text.length()) {
            throw malformed();
        }
        return text.charAt(at++);
    }

    private boolean take(char c) {
        blanks();
        if (at < text.length() && text.charAt(at) == c) {
            at++;
            return true;
        }
        return false;
    }

    private @Nullable Object value(int depth) throws MalformedException {
        if (depth > MAX_DEPTH) {
            throw new MalformedException("nested too deeply");
        }
        blanks();
        char c = next();
        switch (c) {
            case '{':
                return object(depth);
            case '[':
                return list(depth);
            case '"':
                return string();
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            case 'n':
                return word("null", null);
            default:
                at--;
                return number();
        }
    }

    private @Nullable Object word(String word, @Nullable Object value) throws MalformedException {
        if (!text.startsWith(word, at - 1)) {
            throw malformed();
        }
        at += word.length() - 1;
        return value;
    }

    private Map<String, @Nullable Object> object(int depth) throws MalformedException {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        if (take('}')) {
            return map;
        }
        do {
            blanks();
            if (next() != '"') {
                throw malformed();
            }
            String key = string();
            if (!take(':')) {
                throw malformed();
            }
            map.put(key, value(depth + 1));
        } while (take(','));
        if (!take('}')) {
            throw malformed();
        }
        return map;
    }

    private List<@Nullable Object> list(int depth) throws MalformedException {
        List<@Nullable Object> list = new ArrayList<>();
        if (take(']')) {
            return list;
        }
        do {
            list.add(value(depth + 1));
        } while (take(','));
        if (!take(']')) {
            throw malformed();
        }
        return list;
    }

    private String string() throws MalformedException {
        StringBuilder out = new StringBuilder();
        while (true) {
            char c = next();
            if (c == '"') {
                return out.toString();
            }
            if (c < ' ') {
                throw malformed();
            }
            out.append(c == '\\' ? escape() : c);
        }
    }

    private char escape() throws MalformedException {
        char c = next();
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                int code = 0;
                for (int i = 0; i < 4; i++) {
                    char h = next();
                    int digit = h < 128 ? Character.digit(h, 16) : -1;
                    if (digit < 0) {
                        throw malformed();
                    }
                    code = code << 4 | digit;
                }
                yield (char) code;
            }
            default -> throw malformed();
        };
    }

    private Object number() throws MalformedException {
        int start = at;
        boolean whole = true;
        digitsAfter('-');
        if (at < text.length() && text.charAt(at) == '.') {
            whole = false;
            at++;
            digits();
        }
        if (at < text.length() && (text.charAt(at) | 0x20) == 'e') {
            whole = false;
            at++;
            if (at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-')) {
                at++;
            }
            digits();
        }
        String number = text.substring(start, at);
        if (whole) {
            try {
                return Long.parseLong(number);
            } catch (NumberFormatException tooLong) {
                return Double.parseDouble(number);
            }
        }
        return Double.parseDouble(number);
    }

    /** The digits of a whole part, which start with a zero only if that is all. */
    private void digitsAfter(char sign) throws MalformedException {
        if (at < text.length() && text.charAt(at) == sign) {
            at++;
        }
        int start = at;
        digits();
        if (text.charAt(start) == '0' && at > start + 1) {
            throw malformed();
        }
    }

    private void digits() throws MalformedException {
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        if (at == start) {
            throw malformed();
        }
    }
}
