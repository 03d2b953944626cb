package dev.mishap.proxy.http.h2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** The bodies that the peer sends: DATA frames in pieces as they come, to their streams, within the windows. */
final class InboundData {
    private final H2Inbound inbound;
    private final H2Connection connection;
    private final ReceiveWindow window;

    /** The stream of the frame under way; null when nobody wants it. */
    private @Nullable H2Stream stream;

    private boolean ends;

    InboundData(H2Inbound inbound, H2Connection connection, ReceiveWindow window) {
        this.inbound = inbound;
        this.connection = connection;
        this.window = window;
    }

    /** A DATA frame with that payload begins; whether its pieces are to be read. */
    boolean begin(int streamId, int length, boolean end) {
        stream = null;
        if (streamId == 0 || inbound.isIdle(streamId)) {
            inbound.fail(H2Failure.DATA_ON_IDLE);
            return false;
        }
        if (!window.take(length)) {
            inbound.fail(H2Error.FLOW_CONTROL_ERROR);
            return false;
        }
        H2Stream s = connection.stream(streamId);
        if (s == null) {
            return true; // reset by us, or long over: what still comes is counted and dropped
        }
        if (s.remoteEnd) {
            inbound.fail(H2Failure.DATA_AFTER_END);
            return false;
        }
        if (!s.headersReceived) {
            inbound.fail(H2Error.PROTOCOL_ERROR);
            return false;
        }
        s.receiveWindow -= length;
        if (s.receiveWindow < 0) {
            inbound.resetInvalid(s, H2Error.FLOW_CONTROL_ERROR, H2Connection.REMOTE_RESET);
            return true;
        }
        s.received(H2Frame.HEADER_SIZE + length);
        stream = s;
        ends = end;
        return true;
    }

    /** The next {@code n} bytes of the frame, which are in {@code in} and are read. */
    void piece(ByteBuf in, int n, boolean last) {
        deliver(n == 0 ? Unpooled.EMPTY_BUFFER : null, in, n, last, n);
    }

    /** A whole frame with padding: {@code n} bytes after the first, of {@code length}. */
    void padded(byte[] p, int n, int length) {
        ByteBuf copy = n == 0
                ? Unpooled.EMPTY_BUFFER
                : connection.context().alloc().buffer(n).writeBytes(p, 1, n);
        if (stream == null) {
            copy.release();
        }
        deliver(copy, copy, n, true, length);
    }

    /** @param credit bytes of the windows that the piece took, padding included */
    private void deliver(@Nullable ByteBuf ready, ByteBuf in, int n, boolean last, int credit) {
        H2Stream s = stream;
        if (s == null || !s.open) {
            window.consumed(credit);
            return;
        }
        boolean end = last && ends;
        s.receivedLength += n;
        if (s.expectedLength >= 0
                && (s.receivedLength > s.expectedLength || end && s.receivedLength < s.expectedLength)) {
            stream = null;
            if (ready != null) {
                ready.release();
            }
            window.consumed(credit);
            inbound.resetInvalid(s, H2Error.PROTOCOL_ERROR, H2Connection.REMOTE_RESET);
            return;
        }
        if (last) {
            stream = null;
        }
        if (end) {
            s.remoteEnd = true;
        }
        if (n > 0 || end) {
            s.onData(ready != null ? ready : in.readRetainedSlice(n), end);
        }
        s.delivered(credit);
        connection.ended(s);
    }
}
