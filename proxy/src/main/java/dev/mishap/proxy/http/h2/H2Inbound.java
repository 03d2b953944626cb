package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.HeaderMap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * What the peer says: its frames one after the other, what each means for the connection and its streams, and what becomes of a
 * peer that breaks the rules (RFC 9113). Confined to the connection's loop.
 */
final class H2Inbound implements H2FrameReader.Sink {
    private final H2Connection connection;
    private final H2Options options;
    private final H2Stats stats;
    private final H2Flood flood;
    private final boolean server;
    private final int maxHeaderBytes;
    private final int maxHeaders;
    private final H2FrameReader reader;
    private final HpackDecoder decoder;
    private final PeerSettings peer;
    private final ReceiveWindow window;
    private final HeaderBlock block;
    private int lastPeerStream;

    /** The stream of the DATA frame under way. */
    private @Nullable H2Stream dataStream;

    private boolean dataEnds;
    /** Where headers go that nobody is to see: the table must stay the peer's. */
    private final HeaderMap dropped = new HeaderMap();

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
        this.maxHeaderBytes = maxHeaderBytes;
        this.maxHeaders = maxHeaders;
        this.reader = new H2FrameReader(this, server);
        this.decoder = new HpackDecoder(options.headerTableSize());
        this.peer = new PeerSettings(connection, server);
        this.window = new ReceiveWindow(connection, options.connectionWindow());
        // What is too much is read to its end, so that the table stays the peer's; up to a bound.
        this.block = new HeaderBlock(4 * maxHeaderBytes + 0x10000);
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

    private void fail(H2Failure failure) {
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

    private void fail(int code) {
        fail(H2Failure.silent(code));
    }

    /** A message breaks the rules of HTTP: its stream ends, and with it the connection unless the options say that it lives on. */
    private void invalid(H2Stream stream, String details) {
        stats.rxMessagingError.inc();
        if (options.streamErrorOnInvalidMessage()) {
            resetInvalid(stream, H2Error.PROTOCOL_ERROR, details);
        } else {
            lost(stream, H2Error.PROTOCOL_ERROR, details);
            fail(H2Error.PROTOCOL_ERROR);
        }
    }

    private void resetInvalid(H2Stream stream, int code, String details) {
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
    private boolean flooded() {
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
        dataBegins(streamId, length, end);
    }

    private boolean dataBegins(int streamId, int length, boolean end) {
        dataStream = null;
        if (streamId == 0 || isIdle(streamId)) {
            fail(H2Failure.DATA_ON_IDLE);
            return false;
        }
        if (!window.take(length)) {
            fail(H2Error.FLOW_CONTROL_ERROR);
            return false;
        }
        H2Stream s = connection.stream(streamId);
        if (s == null) {
            return true; // reset by us, or long over: what still comes is counted and dropped
        }
        if (s.remoteEnd) {
            fail(H2Failure.DATA_AFTER_END);
            return false;
        }
        if (!s.headersReceived) {
            fail(H2Error.PROTOCOL_ERROR);
            return false;
        }
        s.receiveWindow -= length;
        if (s.receiveWindow < 0) {
            resetInvalid(s, H2Error.FLOW_CONTROL_ERROR, H2Connection.REMOTE_RESET);
            return true;
        }
        s.received(H2Frame.HEADER_SIZE + length);
        dataStream = s;
        dataEnds = end;
        return true;
    }

    @Override
    public void onDataPiece(ByteBuf in, int n, boolean last) {
        data(n == 0 ? Unpooled.EMPTY_BUFFER : null, in, n, last, n);
    }

    /** @param credit bytes of the windows that the piece took, padding included */
    private void data(@Nullable ByteBuf ready, ByteBuf in, int n, boolean last, int credit) {
        H2Stream s = dataStream;
        if (s == null || !s.open) {
            window.consumed(credit);
            return;
        }
        boolean end = last && dataEnds;
        s.receivedLength += n;
        if (s.expectedLength >= 0
                && (s.receivedLength > s.expectedLength || end && s.receivedLength < s.expectedLength)) {
            dataStream = null;
            if (ready != null) {
                ready.release();
            }
            window.consumed(credit);
            resetInvalid(s, H2Error.PROTOCOL_ERROR, H2Connection.REMOTE_RESET);
            return;
        }
        if (last) {
            dataStream = null;
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
        if (inbound(H2Frame.DATA, n, end) && dataBegins(streamId, length, end)) {
            ByteBuf copy = n == 0
                    ? Unpooled.EMPTY_BUFFER
                    : connection.context().alloc().buffer(n).writeBytes(p, 1, n);
            if (dataStream == null) {
                copy.release();
            }
            data(copy, copy, n, true, length);
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
            blockComplete(p, from, to);
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
            blockComplete(block.take(), 0, n);
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

    private boolean isIdle(int streamId) {
        return server == ((streamId & 1) == 1) ? streamId > lastPeerStream : connection.isIdleOfOurs(streamId);
    }

    // ---- messages ----

    private void blockComplete(byte[] bytes, int from, int to) {
        int id = block.streamId();
        block.close();
        H2Stream s = connection.stream(id);
        boolean refused = false;
        if (block.opensStream()) {
            if (connection.openStreams() >= options.maxConcurrentStreams()) {
                if (peer.acked()) {
                    fail(H2Error.PROTOCOL_ERROR);
                    return;
                }
                refused = true;
            } else {
                s = connection.onStream();
                refused = s == null;
            }
            if (s != null) {
                connection.open(s, id);
            }
        }
        boolean trailers = s != null && s.headersReceived;
        HeaderMap target = s == null ? dropped : s.target(trailers);
        int outcome = decoder.decode(bytes, from, to, target, maxHeaderBytes, maxHeaders);
        if (s == null) {
            dropped.clear();
        }
        if (outcome == HpackDecoder.BAD) {
            fail(H2Failure.BAD_COMPRESSION);
            return;
        }
        if (refused) {
            stats.streamRefusedErrors.inc();
            stats.txReset.inc();
            output().reset(id, H2Error.REFUSED_STREAM);
            flooded();
            return;
        }
        if (s == null) {
            return; // of a stream that is over
        }
        s.received(block.frameBytes());
        if (outcome == HpackDecoder.OK) {
            message(s, target, trailers);
            return;
        }
        target.clear();
        boolean many = outcome == HpackDecoder.TOO_MANY;
        (many ? stats.headerOverflow : stats.headerListTooLarge).inc();
        resetInvalid(s, H2Error.INTERNAL_ERROR, many ? "http2.too_many_headers" : "http2.header_list_size_too_large");
    }

    private void message(H2Stream s, HeaderMap headers, boolean trailers) {
        boolean end = block.endsStream();
        int frameBytes = block.frameBytes();
        int plainBytes = headers.byteSize(); // before lines are joined
        String wrong = trailers && !end ? H2HeaderRules.MESSAGING : s.check(headers, trailers, end);
        if (wrong == null && end && s.expectedLength > s.receivedLength) {
            wrong = H2HeaderRules.MESSAGING;
        }
        if (wrong != null) {
            if (!trailers) {
                headers.clear(); // nobody is to see the headers of a message that is none
            }
            if (wrong == H2Connection.UNDERSCORE) {
                resetInvalid(s, H2Error.INTERNAL_ERROR, wrong);
            } else {
                invalid(s, wrong);
            }
            return;
        }
        s.receivedHeaders(frameBytes, plainBytes);
        s.remoteEnd |= end;
        if (trailers) {
            if (server) {
                stats.trailers.inc();
            }
            s.onTrailers(headers);
        } else if (s.isInformational(headers)) {
            s.onInformational(headers);
            headers.clear();
        } else {
            s.headersReceived = true;
            s.onHeaders(headers, end);
        }
        connection.ended(s);
    }
}
