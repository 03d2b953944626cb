package dev.mishap.proxy.filter.http.cdnloop;

/** Reads the list of CDNs that a CDN-Loop header is (RFC 8586, section 2), as strictly as Envoy 1.40 does. */
final class CdnInfo {
    private final String text;
    private int at;

    private CdnInfo(String text) {
        this.text = text;
    }

    /** Whether {@code id} is a name that a CDN may have, and nothing else. */
    static boolean isId(String id) {
        CdnInfo reader = new CdnInfo(id);
        return reader.id() && reader.at == id.length();
    }

    /** How often {@code id} is in the list; -1 when it is no such list. */
    static int count(String list, String id) {
        CdnInfo reader = new CdnInfo(list);
        int times = 0;
        while (true) {
            reader.blanks();
            if (reader.at < list.length() && reader.peek() != ',') {
                int start = reader.at;
                if (!reader.id()) {
                    return -1;
                }
                if (list.substring(start, reader.at).equals(id)) {
                    times++;
                }
                if (!reader.parameters()) {
                    return -1;
                }
                reader.blanks();
            }
            if (reader.at == list.length()) {
                return times;
            }
            if (reader.peek() != ',') {
                return -1;
            }
            reader.at++;
        }
    }

    /** A literal IP address in brackets, a host or a pseudonym, and perhaps a port. */
    private boolean id() {
        if (peek() == '[') {
            do {
                at++;
            } while (peek() == ':' || peek() == '.' || Character.digit(peek(), 16) >= 0);
            if (peek() != ']') {
                return false;
            }
            at++;
        } else if (!token()) {
            return false;
        }
        if (peek() == ':') {
            do {
                at++;
            } while (peek() >= '0' && peek() <= '9');
        }
        return true;
    }

    private boolean parameters() {
        while (true) {
            int before = at;
            blanks();
            if (peek() != ';') {
                at = before;
                return true;
            }
            at++;
            blanks();
            if (!token() || peek() != '=') {
                return false;
            }
            at++;
            if (!(peek() == '"' ? quoted() : token())) {
                return false;
            }
        }
    }

    private boolean token() {
        int start = at;
        while (isTokenChar(peek())) {
            at++;
        }
        return at > start;
    }

    private boolean quoted() {
        at++;
        while (peek() != '"') {
            if (peek() == '\\') {
                at++;
            }
            char c = peek();
            if (c < ' ' && c != '\t' || c == 0x7f) {
                return false; // the end, too
            }
            at++;
        }
        at++;
        return true;
    }

    private void blanks() {
        while (peek() == ' ' || peek() == '\t') {
            at++;
        }
    }

    /** The next character, NUL at the end. */
    private char peek() {
        return at < text.length() ? text.charAt(at) : '\0';
    }

    private static boolean isTokenChar(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c != '\0' && "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }
}
