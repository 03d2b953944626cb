package dev.mishap.proxy.http;

import org.jspecify.annotations.Nullable;

/** Rewrites of a request's path before it is routed: dot segments, double and escaped slashes. */
final class PathNormalizer {
    private static final String ESCAPED = "\"<>`{}|^ ";

    private PathNormalizer() {}

    /** Where the query begins, or the length. */
    static int pathEnd(String path) {
        int q = path.indexOf('?');
        return q < 0 ? path.length() : q;
    }

    /** Whether the path (not the query) holds %2F or %5C in either case. */
    static boolean hasEscapedSlash(String path) {
        int end = pathEnd(path);
        for (int i = 0; (i = path.indexOf('%', i)) >= 0 && i + 2 < end; i++) {
            if (isEscapedSlash(path, i)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isEscapedSlash(String path, int i) {
        char a = path.charAt(i + 1);
        char b = path.charAt(i + 2);
        return a == '2' && (b == 'F' || b == 'f') || a == '5' && (b == 'C' || b == 'c');
    }

    /** The path with %2F and %5C turned into the characters they stand for. */
    static String unescapeSlashes(String path) {
        int end = pathEnd(path);
        StringBuilder out = new StringBuilder(path.length());
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c == '%' && i + 2 < end && isEscapedSlash(path, i)) {
                out.append(path.charAt(i + 1) == '2' ? '/' : '\\');
                i += 2;
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    /** The path with runs of slashes made one; the query stays. */
    static String mergeSlashes(String path) {
        int end = pathEnd(path);
        int at = path.indexOf("//");
        if (at < 0 || at >= end) {
            return path;
        }
        StringBuilder out = new StringBuilder(path.length());
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c != '/' || i >= end || i == 0 || path.charAt(i - 1) != '/') {
                out.append(c);
            }
        }
        return out.toString();
    }

    /**
     * The path as a browser canonicalises it (WHATWG URL): dot segments resolved, backslashes as slashes, escapes of unreserved
     * characters undone, unsafe characters escaped. The query stays. Null when it isn't a path, which one with {@code %00} is not.
     */
    static @Nullable String canonical(String path) {
        if (path.isEmpty() || path.charAt(0) != '/') {
            return null;
        }
        int end = pathEnd(path);
        if (isCanonical(path, end)) {
            return path;
        }
        int zero = path.indexOf("%00");
        if (zero >= 0 && zero < end) {
            return null;
        }
        StringBuilder out = new StringBuilder(path.length() + 8);
        int i = 0;
        while (i < end) {
            // At a slash: look at the segment that follows it.
            i++;
            int from = out.length();
            out.append('/');
            while (i < end && path.charAt(i) != '/' && path.charAt(i) != '\\') {
                i += character(path, i, end, out);
            }
            String segment = out.substring(from + 1);
            boolean last = i >= end;
            if (segment.equals(".")) {
                out.setLength(last ? from + 1 : from);
            } else if (segment.equals("..")) {
                out.setLength(from);
                int up = out.lastIndexOf("/");
                out.setLength(Math.max(up, 0));
                if (last) {
                    out.append('/');
                }
            }
        }
        return out.append(path, end, path.length()).toString();
    }

    private static boolean isCanonical(String path, int end) {
        for (int i = 0; i < end; i++) {
            char c = path.charAt(i);
            if (c == '%' || c == '\\' || c == '.' && path.charAt(i - 1) == '/' || ESCAPED.indexOf(c) >= 0 || c < ' ') {
                return false;
            }
        }
        return true;
    }

    private static int character(String path, int i, int end, StringBuilder out) {
        char c = path.charAt(i);
        if (c == '%' && i + 2 < end) {
            int high = Character.digit(path.charAt(i + 1), 16);
            int low = Character.digit(path.charAt(i + 2), 16);
            if (high >= 0 && low >= 0) {
                char decoded = (char) (high << 4 | low);
                if (isUnreserved(decoded)) {
                    out.append(decoded);
                } else {
                    out.append(path, i, i + 3);
                }
                return 3;
            }
        }
        if (ESCAPED.indexOf(c) >= 0 || c < ' ' || c > '~') {
            out.append('%').append(Character.toUpperCase(Character.forDigit(c >> 4 & 15, 16)));
            out.append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
        } else {
            out.append(c);
        }
        return 1;
    }

    private static boolean isUnreserved(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '-'
                || c == '.'
                || c == '_'
                || c == '~';
    }
}
