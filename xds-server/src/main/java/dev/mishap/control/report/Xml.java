package dev.mishap.control.report;

/** Text in XML and HTML. */
final class Xml {
    private Xml() {}

    /** Escapes for element content and double-quoted attributes; characters that XML cannot hold become U+FFFD. */
    static String escape(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&':
                    out.append("&amp;");
                    break;
                case '<':
                    out.append("&lt;");
                    break;
                case '>':
                    out.append("&gt;");
                    break;
                case '"':
                    out.append("&quot;");
                    break;
                case '\'':
                    out.append("&#39;");
                    break;
                default:
                    out.append(c < 0x20 && c != '\n' && c != '\t' && c != '\r' || c >= 0xFFFE ? '\uFFFD' : c);
            }
        }
        return out.toString();
    }
}
