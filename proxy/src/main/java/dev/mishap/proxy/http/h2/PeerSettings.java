package dev.mishap.proxy.http.h2;

/** What the peer's SETTINGS have said so far (RFC 9113 6.5, RFC 8441 3), and that it has taken ours. */
final class PeerSettings {
    private final H2Connection connection;
    private final boolean server;
    private boolean seen;
    private boolean acked;
    private long maxStreams = Integer.MAX_VALUE;
    private boolean takesConnect;
    /** What the frame that is being read says of the window of streams, last and at most; -1 = nothing. */
    private long window;

    private long largestWindow;

    /** @param server whether the peer is a client */
    PeerSettings(H2Connection connection, boolean server) {
        this.connection = connection;
        this.server = server;
    }

    /** Whether the first have come. */
    boolean seen() {
        return seen;
    }

    void nowSeen() {
        seen = true;
    }

    /** Whether the peer has acknowledged ours. */
    boolean acked() {
        return acked;
    }

    void nowAcked() {
        acked = true;
    }

    /** Streams that we may have open. */
    long maxStreams() {
        return maxStreams;
    }

    /** Whether the peer takes extended CONNECT. */
    boolean takesConnect() {
        return takesConnect;
    }

    /** Takes over what a frame says: identifiers and values in turn. Answers the code of an error. */
    int apply(byte[] payload, int length) {
        window = -1;
        largestWindow = -1;
        for (int i = 0; i < length; i += 6) {
            int id = (payload[i] & 0xff) << 8 | payload[i + 1] & 0xff;
            int code = apply(id, H2Frame.int32(payload, i + 2) & 0xffffffffL);
            if (code != H2Error.NO_ERROR) {
                return code;
            }
        }
        // Once, however often a frame says it: each change goes over all streams.
        return window < 0 ? H2Error.NO_ERROR : connection.sending().initial(window, largestWindow);
    }

    private int apply(int id, long value) {
        switch (id) {
            case H2Frame.HEADER_TABLE_SIZE -> connection.output().encoder().peerLimit(value);
            case H2Frame.ENABLE_PUSH -> {
                if (value > 1 || !server && value != 0) {
                    return H2Error.PROTOCOL_ERROR;
                }
            }
            case H2Frame.MAX_CONCURRENT_STREAMS -> maxStreams = value;
            case H2Frame.INITIAL_WINDOW_SIZE -> {
                window = value;
                largestWindow = Math.max(largestWindow, value);
            }
            case H2Frame.MAX_FRAME_SIZE -> {
                if (value < H2Frame.MAX_SIZE || value > (1 << 24) - 1) {
                    return H2Error.PROTOCOL_ERROR;
                }
                connection.output().maxFrame((int) value);
            }
            case H2Frame.ENABLE_CONNECT_PROTOCOL -> {
                if (value > 1 || takesConnect && value == 0) {
                    return H2Error.PROTOCOL_ERROR;
                }
                takesConnect = value == 1;
            }
            default -> {}
        }
        return H2Error.NO_ERROR;
    }
}
