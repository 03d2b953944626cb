package dev.mishap.proxy.http;

/**
 * What the connection manager writes into the headers of every response, once the filters have seen them; and what it and they read
 * there.
 */
public final class ResponseHeaders {
    private static final HeaderName VIA = HeaderName.of("via");

    private ResponseHeaders() {}

    static void finish(HeaderMap headers, ConnectionManagerConfig config, HeaderMap request, byte[] date) {
        if (!headers.contains(HeaderName.DATE)) {
            headers.add(HeaderName.DATE, date, 0, date.length);
        }
        server(headers, config);
        if (!config.via.isEmpty()) {
            RequestHeaders.append(headers, VIA, config.via, ", ");
        }
        if (config.alwaysSetRequestIdInResponse || request.contains(HeaderName.FORCE_TRACE)) {
            String id = request.get(HeaderName.X_REQUEST_ID);
            if (id != null) {
                headers.set(HeaderName.X_REQUEST_ID, id);
            }
        }
    }

    private static void server(HeaderMap headers, ConnectionManagerConfig config) {
        int at = headers.indexOf(HeaderName.SERVER);
        switch (config.serverHeader) {
            case OVERWRITE -> {
                if (at < 0) {
                    headers.add(HeaderName.SERVER, config.serverName);
                } else {
                    headers.set(HeaderName.SERVER, config.serverName);
                }
            }
            case APPEND_IF_ABSENT -> {
                if (at < 0) {
                    headers.add(HeaderName.SERVER, config.serverName);
                }
            }
            case PASS_THROUGH -> {}
        }
    }

    /** Whether these begin a gRPC response; one without a body is one that tells its status. */
    public static boolean isGrpc(HeaderMap headers, boolean endStream) {
        if (endStream) {
            return headers.contains(HeaderName.GRPC_STATUS);
        }
        int type = headers.indexOf(HeaderName.CONTENT_TYPE);
        return type >= 0 && status(headers) == 200 && GrpcReply.isGrpcContentType(headers, type);
    }

    /** The number in {@code :status}. */
    public static int status(HeaderMap headers) {
        int i = headers.indexOf(HeaderName.STATUS);
        byte[] a = headers.arena();
        int at = headers.valueOffset(i);
        return (a[at] - '0') * 100 + (a[at + 1] - '0') * 10 + a[at + 2] - '0';
    }
}
