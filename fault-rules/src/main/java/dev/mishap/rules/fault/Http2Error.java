package dev.mishap.rules.fault;

import java.util.List;
import java.util.Locale;

/** The names of HTTP/2's error codes (RFC 9113 7); the index is the code. */
public final class Http2Error {
    public static final List<String> NAMES = List.of(
            "NO_ERROR",
            "PROTOCOL_ERROR",
            "INTERNAL_ERROR",
            "FLOW_CONTROL_ERROR",
            "SETTINGS_TIMEOUT",
            "STREAM_CLOSED",
            "FRAME_SIZE_ERROR",
            "REFUSED_STREAM",
            "CANCEL",
            "COMPRESSION_ERROR",
            "CONNECT_ERROR",
            "ENHANCE_YOUR_CALM",
            "INADEQUATE_SECURITY",
            "HTTP_1_1_REQUIRED");
    public static final int INTERNAL_ERROR = 2;

    private Http2Error() {}

    /** The code of a name in either case, or of a number from 0 to 13; -1 when it is neither. */
    public static int parse(String text) {
        int code = NAMES.indexOf(text.toUpperCase(Locale.ROOT));
        if (code < 0 && !text.isEmpty() && text.length() <= 2 && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            code = Integer.parseInt(text);
        }
        return code < NAMES.size() ? code : -1;
    }

    public static String name(int code) {
        return NAMES.get(code);
    }
}
