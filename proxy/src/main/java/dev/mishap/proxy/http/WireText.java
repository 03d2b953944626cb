package dev.mishap.proxy.http;

import java.nio.charset.StandardCharsets;

/**
 * Text of the configuration (Unicode) as the bytes that go over the wire (UTF-8), and back. Header values are Strings with one
 * char a byte ({@link HeaderMap}), so text that is compared with them or put into them goes through here.
 */
public final class WireText {
    private WireText() {}

    /** {@code text} in UTF-8, one char a byte. */
    public static String encode(String text) {
        return isAscii(text) ? text : new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    /** The text whose UTF-8 bytes are the chars of {@code wire}; malformed sequences become U+FFFD. */
    public static String decode(String wire) {
        return isAscii(wire) ? wire : new String(wire.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }
}
