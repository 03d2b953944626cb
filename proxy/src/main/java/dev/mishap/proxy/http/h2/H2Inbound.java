package dev.mishap.proxy.http.h2;

import io.netty.buffer.ByteBuf;

/**
 * What the peer says: its frames one after the other, what each means for the connection, and what becomes of a peer that breaks the
 * rules (RFC 9113). The content of streams is for {@link InboundMessages} and {@link InboundData}. Confined to the connection's loop.
 */
final class H2Inbound implements H2FrameReader.Sink {
    private final H2Connection connection;
    private final H2Options options;
    private final H2Stats stats;
    private final H2Flood flood;
    private final boolean server;
    private final H2FrameReader reader;
    private final PeerSettings peer;
    private final ReceiveWindow window;
    private final HeaderBlock block;
    private final InboundMessages messages;
    private final InboundData data;
    private int lastPeerStream;

    H2Inbound(
            H2Connection connection,
            H2Options options,
            H2Stats stats,
            H2Flood flood,
            boolean server,
            int maxHeaderBytes,
            int maxHeaders) {
        this.connection = connection;
        this.options = options;
        this.stats = stats;
        this.flood = flood;
        this.server = server;
        this.reader = new H2FrameReader(this, server);
        this.peer = new PeerSettings(connection, server);
        this.window = new ReceiveWindow(connection, options.connectionWindow());
        // What is too much is read to its end, so that the table stays the peer's; up to a bound.
        this.block = new HeaderBlock(4 * maxHeaderBytes + 0x10000);
        this.messages = new InboundMessages(
                this,
                connection,
                options,
                stats,
                server,
                block,
                peer,
                new InboundMessages.Limits(maxHeaderBytes, maxHeaders));
        this.data = new InboundData(this, connection, window);
    }

    /** Reads what there is; {@code in} stays the caller's. */
    void read(ByteBuf in) {
        reader.read(in);
    }

    /** Reads nothing more. */
    void stop() {
        reader.stop();
    }

    boolean stopped() {
        return reader.stopped();
    }

    /** Nothing more of the connection matters. */
    void discard() {
        reader.stop();
        block.close();
    }

    PeerSettings peer() {
        return peer;
    }

    ReceiveWindow window() {
        return window;
    }

    /** The last stream that the peer has opened. */
    int lastPeerStream() {
        return lastPeerStream;
    }

    private H2Output output() {
        return connection.output();
    }

    // ---- errors ----

    void fail(H2Failure failure) {
        if (reader.stopped()) {
            return;
        }
        reader.stop();
        String words = failure.announcement();
        if (words != null) {
            output().goAway(lastPeerStream, failure.code(), words);
        }
        connection.onConnectionError(failure);
    }

    void fail(int code) {
        fail(H2Failure.silent(code));
    }

    /** A message breaks the rules of HTTP: its stream ends, and with it the connection unless the options say that it lives on. */
    void invalid(H2Stream stream, String details) {
        stats.rxMessagingError.inc();
        if (options.streamErrorOnInvalidMessage()) {
            resetInvalid(stream, H2Error.PROTOCOL_ERROR, details);
        } else {
            connection.endedByStream = true;
            lost(stream, H2Error.PROTOCOL_ERROR, details);
            fail(H2Error.PROTOCOL_ERROR);
        }
    }

    void resetInvalid(H2Stream stream, int code, String details) {
        stats.txReset.inc();
        output().reset(stream.id, code);
        lost(stream, code, details);
        flooded();
    }

    private void lost(H2Stream stream, int code, String details) {
        if (stream.open) {
            connection.forget(stream);
            stream.onReset(code, details);
        }
    }

    /** Whether the peer has us write too much that it does not read, which ends the connection. */
    boolean flooded() {
        H2Failure failure = flood.outbound(output());
        if (failure != null) {
            fail(failure);
        }
        return failure != null;
    }

    // ---- frames ----

    @Override
    public void onBadPreface() {
        output().drop(); // who speaks something else is told nothing
        fail(H2Failure.BAD_PREFACE);
    }

    @Override
    public void onTooLargeFrame(int type, int streamId) {
        fail(H2Failure.TOO_LARGE_FRAME);
    }

    @Override
    public void onDataFrame(int flags, int streamId, int length) {
        if (!expected(H2Frame.DATA)) {
            return;
        }
        boolean end = (flags & H2Frame.END_STREAM) != 0;
        if (!inbound(H2Frame.DATA, length, end)) {
            return;
        }
        data.begin(streamId, length, end);
    }

    @Override
    public void onDataPiece(ByteBuf in, int n, boolean last) {
        data.piece(in, n, last);
    }

    @Override
    public void onFrame(int type, int flags, int streamId, byte[] p, int length) {
        if (!expected(type)) {
            return;
        }
        if (block.isOpen() && (type != H2Frame.CONTINUATION || streamId != block.streamId())) {
            fail(H2Failure.INTERRUPTED_BLOCK);
            return;
        }
        switch (type) {
            case H2Frame.DATA -> paddedData(flags, streamId, p, length);
            case H2Frame.HEADERS -> headers(flags, streamId, p, length);
            case H2Frame.PRIORITY -> priority(streamId, length);
            case H2Frame.RST_STREAM -> resetByPeer(streamId, p, length);
            case H2Frame.SETTINGS -> settings(flags, streamId, p, length);
            case H2Frame.PUSH_PROMISE -> fail(H2Error.PROTOCOL_ERROR);
            case H2Frame.PING -> pinged(flags, streamId, p, length);
            case H2Frame.GOAWAY -> goneAway(streamId, p, length);
            case H2Frame.WINDOW_UPDATE -> windowUpdate(streamId, p, length);
            case H2Frame.CONTINUATION -> continuation(flags, p, length);
            default -> {} // RFC 9113 4.1: what we don't know is ignored
        }
    }

    /** A peer starts with its settings. */
    private boolean expected(int type) {
        if (!peer.seen() && type != H2Frame.SETTINGS) {
            fail(H2Failure.NO_SETTINGS);
            return false;
        }
        if (block.isOpen() && type == H2Frame.DATA) {
            fail(H2Failure.INTERRUPTED_BLOCK);
            return false;
        }
        return true;
    }

    private boolean inbound(int type, int payload, boolean end) {
        H2Failure failure = flood.inbound(type, payload, end);
        if (failure != null) {
            fail(failure);
        }
        return failure == null;
    }

    private void paddedData(int flags, int streamId, byte[] p, int length) {
        if (streamId == 0 || isIdle(streamId)) {
            fail(H2Failure.DATA_ON_IDLE);
            return;
        }
        if (length == 0 || (p[0] & 0xff) >= length) {
            fail(length == 0 ? H2Failure.BAD_LENGTH : H2Failure.silent(H2Error.PROTOCOL_ERROR));
            return;
        }
        int n = length - 1 - (p[0] & 0xff);
        boolean end = (flags & H2Frame.END_STREAM) != 0;
        if (inbound(H2Frame.DATA, n, end) && data.begin(streamId, length, end)) {
            data.padded(p, n, length);
        }
    }

    private void headers(int flags, int streamId, byte[] p, int length) {
        int from = 0;
        int to = length;
        if ((flags & H2Frame.PADDED) != 0) {
            to -= length == 0 ? 0 : p[0] & 0xff;
            from++;
        }
        int priorityAt = from;
        if ((flags & H2Frame.WITH_PRIORITY) != 0) {
            from += 5;
        }
        if (from > length) {
            fail(H2Failure.BAD_LENGTH);
            return;
        }
        if (from > to || streamId == 0 || server && (streamId & 1) == 0) {
            fail(H2Error.PROTOCOL_ERROR);
            return;
        }
        boolean end = (flags & H2Frame.END_STREAM) != 0;
        if (!inbound(H2Frame.HEADERS, to - from, end)) {
            return;
        }
        if ((flags & H2Frame.WITH_PRIORITY) != 0 && (H2Frame.int32(p, priorityAt) & 0x7fffffff) == streamId) {
            fail(H2Error.PROTOCOL_ERROR); // a stream that depends on itself
            return;
        }
        H2Stream known = connection.stream(streamId);
        if (known != null && known.remoteEnd || known == null && !server && isIdle(streamId)) {
            fail(known == null ? H2Error.PROTOCOL_ERROR : H2Error.STREAM_CLOSED);
            return;
        }
        boolean opens = known == null && server && streamId > lastPeerStream;
        if (opens) {
            lastPeerStream = streamId;
        }
        block.begin(streamId, end, opens, H2Frame.HEADER_SIZE + length);
        if ((flags & H2Frame.END_HEADERS) != 0) {
            messages.complete(p, from, to);
        } else {
            block.gather(p, from, to);
        }
    }

    private void continuation(int flags, byte[] p, int length) {
        if (!block.isOpen()) {
            fail(H2Failure.STRAY_CONTINUATION);
            return;
        }
        if (!inbound(H2Frame.CONTINUATION, length, false)) {
            return;
        }
        if (!block.add(p, length)) {
            fail(H2Failure.TOO_LARGE_BLOCK);
            return;
        }
        if ((flags & H2Frame.END_HEADERS) != 0) {
            int n = block.length();
            messages.complete(block.take(), 0, n);
        }
    }

    private void priority(int streamId, int length) {
        if (length != 5) {
            fail(H2Failure.BAD_LENGTH);
        } else {
            // and nothing else: priorities have no effect (RFC 9113 5.3.2)
            inbound(H2Frame.PRIORITY, length, false);
        }
    }

    private void resetByPeer(int streamId, byte[] p, int length) {
        if (length != 4) {
            fail(H2Failure.BAD_LENGTH);
            return;
        }
        if (streamId == 0 || isIdle(streamId)) {
            fail(H2Error.PROTOCOL_ERROR);
            return;
        }
        H2Stream s = connection.stream(streamId);
        if (s != null) {
            stats.rxReset.inc();
            connection.forget(s);
            s.onReset(H2Frame.int32(p, 0), null);
        }
    }

    private void settings(int flags, int streamId, byte[] p, int length) {
        boolean ack = (flags & H2Frame.ACK) != 0;
        if (streamId != 0) {
            fail(H2Error.PROTOCOL_ERROR);
        } else if (length % 6 != 0 || ack && length != 0) {
            fail(H2Failure.BAD_LENGTH);
        } else if (ack) {
            peer.nowAcked();
        } else {
            int code = peer.apply(p, length);
            if (code != H2Error.NO_ERROR) {
                fail(code);
                return;
            }
            output().settingsAck();
            if (!peer.seen() && server) {
                window.widen();
            }
            peer.nowSeen();
            if (!flooded()) {
                connection.sending().sendBlocked();
                connection.onSettings();
            }
        }
    }

    private void pinged(int flags, int streamId, byte[] p, int length) {
        if (length != 8) {
            fail(H2Failure.BAD_LENGTH);
        } else if (streamId != 0) {
            fail(H2Error.PROTOCOL_ERROR);
        } else if ((flags & H2Frame.ACK) == 0) {
            long data = (long) H2Frame.int32(p, 0) << 32 | H2Frame.int32(p, 4) & 0xffffffffL;
            output().ping(true, data);
            flooded();
        }
    }

    private void goneAway(int streamId, byte[] p, int length) {
        if (length < 8) {
            fail(H2Failure.BAD_LENGTH);
        } else if (streamId != 0) {
            fail(H2Error.PROTOCOL_ERROR);
        } else {
            connection.onGoAway(H2Frame.int32(p, 0) & 0x7fffffff, H2Frame.int32(p, 4));
        }
    }

    private void windowUpdate(int streamId, byte[] p, int length) {
        if (length != 4) {
            fail(H2Failure.BAD_LENGTH);
            return;
        }
        if (!inbound(H2Frame.WINDOW_UPDATE, length, false)) {
            return;
        }
        int increment = H2Frame.int32(p, 0) & 0x7fffffff;
        if (streamId == 0) {
            int code = connection.sending().grow(increment);
            if (code != H2Error.NO_ERROR) {
                fail(code);
                return;
            }
        } else {
            if (isIdle(streamId)) {
                fail(H2Error.PROTOCOL_ERROR);
                return;
            }
            H2Stream s = connection.stream(streamId);
            if (increment == 0 || s != null && (long) s.sendWindow + increment > Integer.MAX_VALUE) {
                int code = increment == 0 ? H2Error.PROTOCOL_ERROR : H2Error.FLOW_CONTROL_ERROR;
                if (s != null) {
                    lost(s, code, "http2.unknown.nghttp2.error");
                }
                fail(code);
                return;
            }
            if (s == null) {
                return;
            }
            s.received(H2Frame.HEADER_SIZE + length);
            s.sendWindow += increment;
        }
        connection.sending().sendBlocked();
    }

    boolean isIdle(int streamId) {
        return server == ((streamId & 1) == 1) ? streamId > lastPeerStream : connection.isIdleOfOurs(streamId);
    }
}
