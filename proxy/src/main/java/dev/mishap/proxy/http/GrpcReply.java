package dev.mishap.proxy.http;

/** Local replies to gRPC requests: a trailers-only response (gRPC over HTTP/2, "Responses"). */
final class GrpcReply {
    private static final byte[] PREFIX = {'a', 'p', 'p', 'l', 'i', 'c', 'a', 't', 'i', 'o', 'n', '/', 'g', 'r', 'p', 'c'
    };

    static final int DEADLINE_EXCEEDED = 4;

    private GrpcReply() {}

    static boolean isGrpcContentType(HeaderMap headers, int index) {
        int n = headers.valueLength(index);
        if (n < PREFIX.length) {
            return false;
        }
        byte[] a = headers.arena();
        int at = headers.valueOffset(index);
        for (int i = 0; i < PREFIX.length; i++) {
            if (a[at + i] != PREFIX[i]) {
                return false;
            }
        }
        return n == PREFIX.length || a[at + PREFIX.length] == '+';
    }

    static void toTrailersOnly(HeaderMap headers, LocalReplyMapper.Reply reply, int grpcStatus, boolean head) {
        headers.set(HeaderName.STATUS, "200");
        headers.set(HeaderName.CONTENT_TYPE, "application/grpc");
        headers.set(HeaderName.GRPC_STATUS, Integer.toString(grpcStatus >= 0 ? grpcStatus : statusOf(reply.status)));
        if (!reply.body.isEmpty() && !head) {
            headers.set(HeaderName.GRPC_MESSAGE, percentEncode(reply.body));
        }
    }

    /** The gRPC status for an HTTP status, as gRPC's mapping document has it. */
    static int statusOf(int http) {
        return switch (http) {
            case 400 -> 13;
            case 401 -> 16;
            case 403 -> 7;
            case 404 -> 12;
            case 429, 502, 503, 504 -> 14;
            default -> 2;
        };
    }

    private static String percentEncode(String message) {
        StringBuilder out = null;
        byte[] utf8 = message.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        for (int i = 0; i < utf8.length; i++) {
            byte b = utf8[i];
            boolean plain = b >= ' ' && b < 0x7f && b != '%';
            if (!plain && out == null) {
                out = new StringBuilder(utf8.length + 16);
                for (int k = 0; k < i; k++) {
                    out.append((char) utf8[k]);
                }
            }
            if (out != null) {
                if (plain) {
                    out.append((char) b);
                } else {
                    out.append('%').append(Character.toUpperCase(Character.forDigit(b >> 4 & 15, 16)));
                    out.append(Character.toUpperCase(Character.forDigit(b & 15, 16)));
                }
            }
        }
        return out == null ? message : out.toString();
    }
}
