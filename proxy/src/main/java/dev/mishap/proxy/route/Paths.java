package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;

/** Parts of a request target. */
final class Paths {
    private Paths() {}

    /** Where the path ends and the query or fragment begins. */
    static int pathEnd(String target) {
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c == '?' || c == '#') {
                return i;
            }
        }
        return target.length();
    }

    /** The same of the target that is entry {@code pathIndex}; 0 for -1, no target. */
    static int pathEnd(HeaderMap request, int pathIndex) {
        int length = pathIndex < 0 ? 0 : request.valueLength(pathIndex);
        for (int i = 0; i < length; i++) {
            byte b = request.valueByte(pathIndex, i);
            if (b == '?' || b == '#') {
                return i;
            }
        }
        return length;
    }

    /** Whether a segment of the path that ends at {@code pathEnd} has parameters ({@code ;a=b}). */
    static boolean hasParameters(HeaderMap request, int pathIndex, int pathEnd) {
        for (int i = 0; i < pathEnd; i++) {
            if (request.valueByte(pathIndex, i) == ';') {
                return true;
            }
        }
        return false;
    }

    /** A map whose only entry is the target without the parameters of its segments: {@code /a;b=c/d;e?q} is {@code /a/d?q}. */
    static HeaderMap withoutParameters(HeaderMap request, int pathIndex) {
        int length = request.valueLength(pathIndex);
        int end = pathEnd(request, pathIndex);
        byte[] kept = new byte[length];
        int n = 0;
        boolean inParameters = false;
        for (int i = 0; i < length; i++) {
            byte b = request.valueByte(pathIndex, i);
            inParameters = i < end && b != '/' && (inParameters || b == ';');
            if (!inParameters) {
                kept[n++] = b;
            }
        }
        HeaderMap target = new HeaderMap();
        target.add(HeaderName.PATH, kept, 0, n);
        return target;
    }
}
