package dev.mishap.proxy.http.h2;

import java.util.ArrayDeque;

/**
 * What the peer lets us send: the window of the connection, the one that streams begin with, and the streams that wait for room
 * (RFC 9113 5.2). The windows of streams are theirs.
 */
final class SendWindows {
    /** Data that one stream sends before the next has its turn. */
    private static final int TURN = 64 * 1024;

    private final H2Connection connection;
    private final H2Flood flood;
    private final ArrayDeque<H2Stream> blocked = new ArrayDeque<>();
    private int window = H2Frame.DEFAULT_WINDOW;
    private int initial = H2Frame.DEFAULT_WINDOW;

    SendWindows(H2Connection connection, H2Flood flood) {
        this.connection = connection;
        this.flood = flood;
    }

    /** The window that a stream begins with. */
    int initial() {
        return initial;
    }

    /**
     * The peer changes the window that streams begin with, and those of the open ones by as much. Sends nothing: what a frame says is
     * taken over whole first (RFC 9113 6.5.3).
     *
     * @param last what the frame says in the end
     * @param highest the largest that it says, which may be too much for a stream though {@code last} is not
     * @return an error's code
     */
    int initial(long last, long highest) {
        if (highest > Integer.MAX_VALUE) {
            return H2Error.FLOW_CONTROL_ERROR;
        }
        int change = (int) last - initial;
        int most = (int) highest - initial;
        initial = (int) last;
        if (change == 0 && most <= 0) {
            return H2Error.NO_ERROR;
        }
        for (H2Stream s : connection.streamsNow()) {
            if ((long) s.sendWindow + most > Integer.MAX_VALUE) {
                return H2Error.FLOW_CONTROL_ERROR;
            }
            s.sendWindow += change;
        }
        return H2Error.NO_ERROR;
    }

    /** The peer takes {@code increment} bytes more on the connection. Answers an error's code. */
    int grow(int increment) {
        if (increment == 0) {
            return H2Error.PROTOCOL_ERROR;
        }
        if ((long) window + increment > Integer.MAX_VALUE) {
            return H2Error.FLOW_CONTROL_ERROR;
        }
        window += increment;
        return H2Error.NO_ERROR;
    }

    /** Bytes that {@code stream} may send now. */
    int sendable(H2Stream stream) {
        return connection.isWritable() ? Math.min(window, stream.sendWindow) : 0;
    }

    /** A DATA frame of {@code n} bytes is written. */
    void sent(int n) {
        window -= n;
        flood.dataSent();
    }

    /** The stream waits for room. */
    void block(H2Stream stream) {
        stream.blocked = true;
        blocked.addLast(stream);
    }

    /** The stream waits no more. */
    void unblock(H2Stream stream) {
        if (stream.blocked) {
            stream.blocked = false;
            blocked.remove(stream);
        }
    }

    /** Sends what waits, a piece of each stream in turn. */
    void sendBlocked() {
        int idle = 0;
        while (idle < blocked.size() && window > 0 && connection.isWritable()) {
            H2Stream s = blocked.removeFirst();
            if (s.write(TURN) > 0) {
                idle = 0;
            } else {
                idle++;
            }
            if (s.hasQueued()) {
                blocked.addLast(s);
            } else {
                s.blocked = false;
            }
            s.mark();
            connection.ended(s);
        }
    }

    /** Forgets who waits. */
    void clear() {
        blocked.clear();
    }
}
