package dev.mishap.proxy.filter.http.grpcweb;

import org.jspecify.annotations.Nullable;

/** What an HTTP response says in the words of gRPC. */
final class GrpcMessages {
    private static final String HEX = "0123456789ABCDEF";

    private GrpcMessages() {}

    /** The gRPC status for an HTTP status, as gRPC's mapping document has it. */
    static int statusOf(@Nullable String http) {
        return switch (http == null ? "" : http) {
            case "400" -> 13;
            case "401" -> 16;
            case "403" -> 7;
            case "404" -> 12;
            case "429", "502", "503", "504" -> 14;
            default -> 2;
        };
    }

    static String percentEncode(byte[] message) {
        StringBuilder out = new StringBuilder(message.length);
        for (byte b : message) {
            if (b >= ' ' && b < 0x7f && b != '%') {
                out.append((char) b);
            } else {
                out.append('%').append(HEX.charAt(b >> 4 & 15)).append(HEX.charAt(b & 15));
            }
        }
        return out.toString();
    }
}
