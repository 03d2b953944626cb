package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.http.extproc.Pieces.Piece;
import dev.mishap.proxy.filter.http.extproc.ProcessingMode.Body;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.Future;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a stream on its way past the service: the request or the response. What the service has not seen yet is kept here, in
 * pieces; what it has seen, and what it need not see, goes on to the next filter.
 */
abstract class Side {
    /** What the service has been told of and has not answered. */
    private enum Asked {
        NOTHING,
        HEADERS,
        /** A body, or as much of it as there is; of {@link Body#STREAMED} several pieces. */
        BODY,
        TRAILERS
    }

    final ExtProcFilter filter;
    private final Pieces pieces = new Pieces(this);
    private Asked asked = Asked.NOTHING;
    private boolean sendsHeaders;
    private boolean sendsTrailers;
    private Body mode = Body.NONE;
    private @Nullable HeaderMap headers;
    private @Nullable HeaderMap trailers;
    private boolean held;
    private boolean headersOnly;
    private boolean bodyEnded;
    /** Whether the chain waits with the trailers until it is told. */
    private boolean trailersPaused;
    /** Whether the rest goes by unseen. */
    private boolean passing;
    /** Whether the rest is dropped: the service gave a body in its place. */
    private boolean replaced;
    /** Of {@link Body#STREAMED}: the pieces at the front that the service has been told of. */
    private int inFlight;

    private @Nullable Future<?> timer;
    /** Of {@link Body#FULL_DUPLEX_STREAMED}: whether the end of the body has gone on, and whether the service was told of trailers. */
    private boolean bodyDone;

    private boolean trailersTold;
    /** Of {@link Body#FULL_DUPLEX_STREAMED}: whether some of the body is with the service alone. */
    private boolean bodyTold;
    /** Whether the service has had more time for what it was told last. */
    private boolean extended;

    Side(ExtProcFilter filter) {
        this.filter = filter;
    }

    abstract boolean isRequest();

    abstract void resume(HttpStream stream);

    abstract void inject(HttpStream stream, ByteBuf transferred, boolean end);

    abstract void pauseReads(HttpStream stream);

    abstract void resumeReads(HttpStream stream);

    /** Answers that the body is too large to be held. */
    abstract void tooLarge(HttpStream stream);

    void use(boolean sendHeaders, Body body, boolean sendTrailers) {
        this.sendsHeaders = sendHeaders;
        this.mode = body;
        this.sendsTrailers = sendTrailers;
    }

    /** Whether the headers wait here. */
    boolean isHeld() {
        return held;
    }

    /** Whether what follows is still to be seen here when the service is out of it. */
    boolean isAtWork() {
        return held || replaced || bodyDone;
    }

    /** Whether the service is to answer to headers. */
    boolean isAskingHeaders() {
        return asked == Asked.HEADERS;
    }

    boolean hasBegun() {
        return headers != null;
    }

    /** Whether what goes on without the service is not all that came: there is a part of the body that the service did not give back. */
    boolean wouldLoseBody() {
        return bodyTold && !bodyDone;
    }

    // ---- what the chain brings ----

    Flow onHeaders(HttpStream stream, HeaderMap map, boolean end) {
        headers = map;
        headersOnly = end;
        bodyEnded = end;
        if (!sendsHeaders) {
            if (mode != Body.NONE && !end) {
                map.remove(HeaderName.CONTENT_LENGTH); // they go on before anybody knows how long the body will be
            }
            return Flow.CONTINUE;
        }
        held = true;
        asked = Asked.HEADERS;
        if (!filter.send(ProcessingRequest.headers(filter.config(), isRequest(), map, end))) {
            return filter.isAnswered() ? Flow.PAUSE : goOn();
        }
        if (mode != Body.FULL_DUPLEX_STREAMED) {
            await(stream);
        }
        return Flow.HOLD;
    }

    /** The headers need not wait: the service could not be asked, which was settled within the call. */
    private Flow goOn() {
        held = false;
        asked = Asked.NOTHING;
        return Flow.CONTINUE;
    }

    Flow onData(HttpStream stream, ByteBuf borrowed, boolean end) {
        if (replaced || bodyDone) {
            return Flow.TAKEN;
        }
        if (passing || mode == Body.NONE && asked != Asked.HEADERS) {
            return Flow.CONTINUE;
        }
        bodyEnded |= end;
        if (mode == Body.FULL_DUPLEX_STREAMED) {
            // Neither kept nor waited for: what comes back is the body.
            bodyTold = true;
            filter.send(ProcessingRequest.body(isRequest(), borrowed, end));
            if (!filter.isWritable()) {
                pieces.pause(stream);
            }
            return Flow.TAKEN;
        }
        pieces.keep(stream, borrowed, end);
        if (asked == Asked.HEADERS) {
            return Flow.TAKEN;
        }
        switch (mode) {
            case STREAMED -> sendPieces(stream);
            case BUFFERED -> {
                if (pieces.bytes() > stream.bufferLimit()) {
                    tooLarge(stream);
                } else if (end) {
                    sendWhole(stream);
                }
            }
            default -> {
                if (asked == Asked.NOTHING && (end || pieces.bytes() > stream.bufferLimit())) {
                    sendWhole(stream);
                }
            }
        }
        return Flow.TAKEN;
    }

    Flow onTrailers(HttpStream stream, HeaderMap map) {
        if (replaced || bodyDone) {
            return Flow.PAUSE; // what the service made of the message has no trailers
        }
        if (passing && (trailers != null || !sendsTrailers)) {
            return Flow.CONTINUE;
        }
        boolean first = trailers == null;
        trailers = map;
        if (mode == Body.FULL_DUPLEX_STREAMED) {
            return onDuplexTrailers(map);
        }
        if (first && asked == Asked.NOTHING && !pieces.isEmpty() && mode != Body.STREAMED) {
            sendWhole(stream);
        } else if (asked == Asked.NOTHING && pieces.isEmpty()) {
            sendTrailers(stream);
        }
        if (asked == Asked.NOTHING && pieces.isEmpty()) {
            held = false; // headers that waited for a body go on: there is none
            return filter.isAnswered() ? Flow.PAUSE : Flow.CONTINUE;
        }
        if (held) {
            return Flow.TAKEN;
        }
        trailersPaused = true;
        return Flow.PAUSE;
    }

    private Flow onDuplexTrailers(HeaderMap map) {
        if (!trailersTold) {
            trailersTold = true;
            filter.send(ProcessingRequest.trailers(filter.config(), isRequest(), map));
        } else if (passing) {
            return Flow.CONTINUE;
        }
        if (held) {
            return Flow.TAKEN;
        }
        trailersPaused = true;
        return Flow.PAUSE;
    }

    /** The service takes more again. */
    void onWritable(HttpStream stream) {
        if (mode == Body.FULL_DUPLEX_STREAMED) {
            pieces.unpause(stream);
        }
    }

    // ---- what the service is told ----

    private void sendPieces(HttpStream stream) {
        for (Iterator<Piece> unsent = pieces.after(inFlight); unsent.hasNext(); ) {
            Piece piece = unsent.next();
            asked = Asked.BODY;
            inFlight++;
            if (!filter.send(ProcessingRequest.body(isRequest(), piece.bytes, piece.end))) {
                return;
            }
        }
        await(stream);
    }

    /** Tells all that there is of the body. */
    private void sendWhole(HttpStream stream) {
        Piece whole = pieces.join(stream, bodyEnded && trailers == null);
        asked = Asked.BODY;
        if (filter.send(ProcessingRequest.body(isRequest(), whole.bytes, whole.end))) {
            await(stream);
        }
    }

    private void sendTrailers(HttpStream stream) {
        HeaderMap map = trailers;
        if (sendsTrailers && map != null) {
            sendsTrailers = false;
            asked = Asked.TRAILERS;
            if (filter.send(ProcessingRequest.trailers(filter.config(), isRequest(), map))) {
                await(stream);
            }
        }
    }

    // ---- time ----

    private void await(HttpStream stream) {
        extended = false;
        awaitFor(stream, filter.config().messageTimeoutNanos());
    }

    /** Gives the service that long from now on, once a message; returns false when it may not have it, or nothing is waited for. */
    boolean extend(HttpStream stream, long nanos) {
        if (timer == null || extended) {
            return false;
        }
        extended = true;
        awaitFor(stream, nanos);
        return true;
    }

    private void awaitFor(HttpStream stream, long nanos) {
        stopTimer();
        timer = stream.loop().schedule(filter::onTimeout, nanos, TimeUnit.NANOSECONDS);
    }

    private void stopTimer() {
        Future<?> t = timer;
        if (t != null) {
            timer = null;
            t.cancel(false);
        }
    }

    // ---- what the service answers ----

    /** Returns false when nobody asked. */
    boolean onHeadersAnswer(HttpStream stream, @Nullable ConfigNode common) {
        HeaderMap map = headers;
        if (asked != Asked.HEADERS || map == null) {
            return false;
        }
        answered();
        if (!change(stream, common, map)) {
            return true;
        }
        if (common != null && common.enumName("status").equals("CONTINUE_AND_REPLACE")) {
            if (common.message("body_mutation") == null && mode != Body.FULL_DUPLEX_STREAMED) {
                // There is nothing in the body's place: it stays as it is, and the service hears no more of the
                // message.
                if (mode == Body.STREAMED || mode == Body.BUFFERED_PARTIAL) {
                    map.remove(HeaderName.CONTENT_LENGTH);
                }
                letGo(stream);
            } else {
                replaceBody(stream, common, map);
            }
            return true;
        }
        if (mode == Body.FULL_DUPLEX_STREAMED) {
            if (!headersOnly) {
                map.remove(HeaderName.CONTENT_LENGTH);
            }
            passing = headersOnly;
            release(stream);
            return true;
        }
        boolean more = !headersOnly;
        if (more && (mode == Body.STREAMED || mode == Body.BUFFERED_PARTIAL)) {
            map.remove(HeaderName.CONTENT_LENGTH);
        }
        if (!more || mode == Body.NONE) {
            letGo(stream);
            return true;
        }
        boolean any = !pieces.isEmpty();
        if (mode == Body.STREAMED) {
            if (any) {
                pieces.join(stream, bodyEnded && trailers == null);
                sendPieces(stream); // the headers wait for the answer, which may still change them
            } else {
                release(stream);
            }
        } else if (mode == Body.BUFFERED && pieces.bytes() > stream.bufferLimit()) {
            tooLarge(stream);
        } else if (any && (bodyEnded || trailers != null || pieces.bytes() > stream.bufferLimit())) {
            sendWhole(stream);
        } else if (trailers != null) {
            finishBody(stream);
        }
        return true;
    }

    private void replaceBody(HttpStream stream, ConfigNode common, HeaderMap map) {
        map.remove(HeaderName.CONTENT_LENGTH);
        replaced = true;
        clear();
        pieces.unpause(stream);
        byte[] body = BodyMutation.instead(common);
        inject(stream, body == null ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(body), true);
        release(stream);
    }

    /** Returns false when nobody asked. */
    boolean onBodyAnswer(HttpStream stream, @Nullable ConfigNode common) {
        if (mode == Body.FULL_DUPLEX_STREAMED) {
            return onDuplexBody(stream, common);
        }
        if (asked != Asked.BODY) {
            return false;
        }
        if (mode != Body.STREAMED || inFlight == 1) {
            answered();
        }
        HeaderMap map = headers;
        if (held && map != null && !change(stream, common, map)) {
            return true;
        }
        if (held && map != null && mode != Body.BUFFERED) {
            map.remove(HeaderName.CONTENT_LENGTH); // which the answer may have set: the length of the rest is not known
        }
        byte[] instead = BodyMutation.instead(common);
        if (held
                && instead != null
                && mode == Body.BUFFERED
                && map != null
                && !BodyMutation.fits(map, instead.length)) {
            filter.refuse("mismatch_between_content_length_and_the_length_of_the_mutated_body");
            return true;
        }
        Piece piece = pieces.take(stream);
        ByteBuf out = piece.bytes;
        if (instead != null) {
            out.release();
            out = Unpooled.wrappedBuffer(instead);
        }
        if (mode == Body.STREAMED) {
            inFlight--;
        }
        inject(stream, out, piece.end);
        finishBody(stream);
        return true;
    }

    private boolean onDuplexBody(HttpStream stream, @Nullable ConfigNode common) {
        ConfigNode piece = BodyMutation.piece(common);
        if (piece == null) {
            filter.failSpurious("spurious_message:_Normal_body_mutation_response_is_received_while_body_mode__is_"
                    + "FULL_DUPLEX_STREAMED");
            return true;
        }
        if (asked == Asked.HEADERS || bodyDone) {
            return false;
        }
        bodyDone = piece.bool("end_of_stream", false);
        passing = bodyDone;
        inject(stream, Unpooled.wrappedBuffer(BodyMutation.bytes(piece)), bodyDone);
        return true;
    }

    /** A part of the body has gone on. */
    private void finishBody(HttpStream stream) {
        if (mode != Body.STREAMED) {
            passing = true;
            flush(stream);
        }
        if (trailers != null && pieces.isEmpty() && sendsTrailers) {
            sendTrailers(stream);
            return;
        }
        release(stream);
    }

    /** Returns false when nobody asked. */
    boolean onTrailersAnswer(HttpStream stream, @Nullable ConfigNode mutation) {
        HeaderMap map = trailers;
        if (mode == Body.FULL_DUPLEX_STREAMED ? !trailersTold || passing : asked != Asked.TRAILERS) {
            return false;
        }
        if (map == null) {
            return false;
        }
        passing |= mode == Body.FULL_DUPLEX_STREAMED;
        answered();
        String wrong = HeaderChanges.apply(
                mutation,
                map,
                HeaderChanges.Of.TRAILERS,
                filter.config().rules(),
                filter.stats().rejectedHeaderMutations);
        if (wrong == null) {
            release(stream);
        } else {
            filter.refuse(wrong);
        }
        return true;
    }

    private void answered() {
        asked = Asked.NOTHING;
        stopTimer();
    }

    private boolean change(HttpStream stream, @Nullable ConfigNode common, HeaderMap map) {
        if (common == null) {
            return true;
        }
        String wrong = HeaderChanges.apply(
                common.message("header_mutation"),
                map,
                isRequest() ? HeaderChanges.Of.REQUEST : HeaderChanges.Of.RESPONSE,
                filter.config().rules(),
                filter.stats().rejectedHeaderMutations);
        if (wrong == null) {
            filter.clearRouteCache(stream, isRequest(), common);
        } else {
            filter.refuse(wrong);
        }
        return wrong == null;
    }

    // ---- going on ----

    /** Lets all that waits go on, and what follows as well. */
    void letGo(HttpStream stream) {
        answered();
        if (mode == Body.FULL_DUPLEX_STREAMED && bodyEnded && !headersOnly && !bodyDone && !filter.isProcessing()) {
            bodyDone = true;
            inject(stream, Unpooled.EMPTY_BUFFER, true); // what the service had of the body is lost with it
        }
        boolean tellsTrailers = sendsTrailers && filter.isProcessing();
        mode = Body.NONE;
        passing = !tellsTrailers;
        sendsTrailers = tellsTrailers;
        flush(stream);
        release(stream);
    }

    private void flush(HttpStream stream) {
        while (!pieces.isEmpty()) {
            Piece piece = pieces.take(stream);
            inject(stream, piece.bytes, piece.end);
        }
        pieces.unpause(stream);
    }

    private void release(HttpStream stream) {
        if (held || trailersPaused && pieces.isEmpty()) {
            held = false;
            trailersPaused = false;
            resume(stream);
        }
    }

    private void clear() {
        pieces.clear();
        inFlight = 0;
    }

    /** Nothing goes on any more. */
    void end() {
        answered();
        clear();
        passing = true;
    }
}
