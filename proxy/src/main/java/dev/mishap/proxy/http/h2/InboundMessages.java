package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.HeaderMap;

/** The heads and trailers that the peer sends: a block of headers that is whole opens a stream, or goes to the one that is there. */
final class InboundMessages {
    private final H2Inbound inbound;
    private final H2Connection connection;
    private final H2Options options;
    private final H2Stats stats;
    private final boolean server;
    private final HeaderBlock block;
    private final PeerSettings peer;
    private final Limits limits;
    private final HpackDecoder decoder;

    /** Where headers go that nobody is to see: the table must stay the peer's. */
    private final HeaderMap dropped = new HeaderMap();

    /** Of one block. */
    record Limits(int bytes, int lines) {}

    InboundMessages(
            H2Inbound inbound,
            H2Connection connection,
            H2Options options,
            H2Stats stats,
            boolean server,
            HeaderBlock block,
            PeerSettings peer,
            Limits limits) {
        this.inbound = inbound;
        this.connection = connection;
        this.options = options;
        this.stats = stats;
        this.server = server;
        this.block = block;
        this.peer = peer;
        this.limits = limits;
        this.decoder = new HpackDecoder(options.headerTableSize());
    }

    /** The block is whole: {@code bytes} from {@code from} to {@code to}. */
    void complete(byte[] bytes, int from, int to) {
        int id = block.streamId();
        block.close();
        H2Stream s = connection.stream(id);
        boolean refused = false;
        if (block.opensStream()) {
            if (connection.openStreams() >= options.maxConcurrentStreams()) {
                if (peer.acked()) {
                    inbound.fail(H2Error.PROTOCOL_ERROR);
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
        int outcome = decoder.decode(bytes, from, to, target, limits.bytes(), limits.lines());
        if (s == null) {
            dropped.clear();
        }
        if (outcome == HpackDecoder.BAD) {
            inbound.fail(H2Failure.BAD_COMPRESSION);
            return;
        }
        if (refused) {
            stats.streamRefusedErrors.inc();
            stats.txReset.inc();
            connection.output().reset(id, H2Error.REFUSED_STREAM);
            inbound.flooded();
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
        inbound.resetInvalid(s, H2Error.INTERNAL_ERROR, many ? H2HeaderRules.TOO_MANY : H2HeaderRules.TOO_LARGE);
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
                inbound.resetInvalid(s, H2Error.INTERNAL_ERROR, wrong);
            } else {
                inbound.invalid(s, wrong);
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
