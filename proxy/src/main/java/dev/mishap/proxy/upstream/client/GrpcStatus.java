package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * How a gRPC call ended.
 *
 * @param code 0 = OK; a number that gRPC does not know is kept
 * @param message {@code ""} when there is none
 */
public record GrpcStatus(int code, String message) {
    public static final int OK = 0;
    public static final int UNKNOWN = 2;
    public static final int RESOURCE_EXHAUSTED = 8;
    public static final int INTERNAL = 13;
    public static final int UNAVAILABLE = 14;

    public boolean isOk() {
        return code == OK;
    }

    /** The status in a response's headers or trailers, or null when it is not there. */
    static @Nullable GrpcStatus in(HeaderMap headers) {
        String code = headers.get(HeaderName.GRPC_STATUS);
        if (code == null) {
            return null;
        }
        int number;
        try {
            number = Integer.parseInt(code);
        } catch (NumberFormatException e) {
            number = UNKNOWN;
        }
        String message = headers.get(HeaderName.GRPC_MESSAGE);
        return new GrpcStatus(number, message == null ? "" : percentDecode(message));
    }

    /** What a response without a gRPC status means, by its HTTP status. */
    static GrpcStatus ofHttp(int status) {
        return new GrpcStatus(
                switch (status) {
                    case 400 -> INTERNAL;
                    case 401 -> 16;
                    case 403 -> 7;
                    case 404 -> 12;
                    case 429, 502, 503, 504 -> UNAVAILABLE;
                    default -> UNKNOWN;
                },
                "");
    }

    /** Sequences that are not two hex digits stay as they are. */
    static String percentDecode(String text) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int high = c == '%' && i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
            int low = high < 0 ? -1 : Character.digit(text.charAt(i + 2), 16);
            if (low < 0) {
                out.write(c);
            } else {
                out.write(high << 4 | low);
                i += 2;
            }
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
