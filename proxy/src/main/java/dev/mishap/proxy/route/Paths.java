package dev.mishap.proxy.route;

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
}
