package dev.mishap.proxy.tls;

/** Percent-encoding of what a header or a log line holds of PEM: all that is no letter, digit or one of {@code -._~}. */
final class UrlText {
    private UrlText() {}

    static String encode(String ascii) {
        StringBuilder out = new StringBuilder(ascii.length() + ascii.length() / 8);
        for (int i = 0; i < ascii.length(); i++) {
            char c = ascii.charAt(i);
            boolean plain =
                    c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || "-._~".indexOf(c) >= 0;
            // PEM's own dashes and slashes aside, only blanks, line ends, '+', '/' and '=' occur.
            if (plain) {
                out.append(c);
            } else {
                out.append('%');
                out.append(Character.toUpperCase(Character.forDigit(c >> 4 & 15, 16)));
                out.append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
            }
        }
        return out.toString();
    }
}
