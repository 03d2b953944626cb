package dev.mishap.proxy.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a request target as Envoy takes them apart: percent-decoded, in the order of their names, repeated ones kept.
 * Put together again they are not encoded. Characters are bytes.
 */
public final class QueryParameters {
    private final String path;
    private final TreeMap<String, List<String>> values = new TreeMap<>();

    public QueryParameters(String target) {
        int query = target.indexOf('?');
        path = query < 0 ? target : target.substring(0, query);
        int start = query < 0 ? target.length() : query + 1;
        while (start < target.length()) {
            int end = target.indexOf('&', start);
            if (end < 0) {
                end = target.length();
            }
            int equals = target.indexOf('=', start);
            if (equals >= 0 && equals < end) {
                add(decode(target.substring(start, equals)), decode(target.substring(equals + 1, end)));
            } else {
                add(decode(target.substring(start, end)), "");
            }
            start = end + 1;
        }
    }

    public boolean contains(String name) {
        return values.containsKey(name);
    }

    /** The first value of that name, or null. */
    public @Nullable String first(String name) {
        List<String> all = values.get(name);
        return all == null ? null : all.get(0);
    }

    public void add(String name, String value) {
        values.computeIfAbsent(name, k -> new ArrayList<>(1)).add(value);
    }

    public void set(String name, String value) {
        List<String> one = new ArrayList<>(1);
        one.add(value);
        values.put(name, one);
    }

    public void remove(String name) {
        values.remove(name);
    }

    /** The target with the parameters as they are now. */
    public String target() {
        StringBuilder out = new StringBuilder(path);
        char before = '?';
        for (Map.Entry<String, List<String>> e : values.entrySet()) {
            for (String value : e.getValue()) {
                out.append(before).append(e.getKey()).append('=').append(value);
                before = '&';
            }
        }
        return out.toString();
    }

    /** Replaces {@code %XX} by its byte; what is not an escape stays as it is. */
    public static String decode(String text) {
        int at = text.indexOf('%');
        if (at < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '%' && i + 2 < text.length()) {
                int high = hex(text.charAt(i + 1));
                int low = hex(text.charAt(i + 2));
                if (high >= 0 && low >= 0) {
                    out.append((char) (high << 4 | low));
                    i += 2;
                    continue;
                }
            }
            out.append(c);
        }
        return out.toString();
    }

    private static int hex(char c) {
        return c < 128 ? Character.digit(c, 16) : -1;
    }

    /** Escapes every byte but letters, digits and {@code -._*}. */
    public static String encode(String text) {
        StringBuilder out = new StringBuilder(text.length() + 8);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "-._*".indexOf(c) >= 0) {
                out.append(c);
            } else {
                out.append('%').append(digit(c >> 4)).append(digit(c));
            }
        }
        return out.toString();
    }

    private static char digit(int value) {
        return Character.toUpperCase(Character.forDigit(value & 15, 16));
    }
}
