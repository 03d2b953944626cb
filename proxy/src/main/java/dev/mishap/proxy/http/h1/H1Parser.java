package dev.mishap.proxy.http.h1;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.FastThreadLocal;
import org.jspecify.annotations.Nullable;

/**
 * Reads HTTP/1 messages from bytes, however they are split (RFC 9112). It is strict where leniency lets two parties see
 * different messages: bare CR, obsolete line folding, several or malformed lengths, a length beside chunked, blanks around
 * names are refused; a line may end in LF alone outside of chunk framing.
 *
 * <p>The head is copied once into the arena of the {@link HeaderMap} and parsed there in place. Hop-by-hop headers
 * (connection and what it names, keep-alive, proxy-connection, transfer-encoding, te but for trailers, upgrade when nothing
 * is upgraded) never enter the map; what they say is told by {@link #keepAlive} and the like. {@code host} becomes
 * {@code :authority}. Confined to one event loop; reusable for the next message on the connection.
 */
public abstract class H1Parser {
    /** What a parser tells, in the order of the message. The sink may call {@link #stop}. */
    public interface Sink {
        /** A 1xx response; the map is cleared when the call returns. */
        default void onInformational(HeaderMap headers) {}

        /** The head is complete. */
        void onHeaders(HeaderMap headers, boolean endStream);

        /** Bytes of the body; empty only at the end of the stream. */
        void onData(ByteBuf transferred, boolean endStream);

        /** The end of a message that has trailers. */
        void onTrailers(HeaderMap trailers);
    }

    /** What {@link #parse} came to. */
    public enum Outcome {
        NEED_MORE,
        /** The message is complete; bytes that are left belong to the next one. */
        COMPLETE,
        /** See {@link #error}. */
        FAILED,
        STOPPED
    }

    static final int BLOCK = 2048;
    private static final int MAX_CHUNK_EXTENSION = 4096;

    private static final int HEAD = 0;
    private static final int BODY_LENGTH = 1;
    private static final int BODY_UNTIL_CLOSE = 2;
    private static final int CHUNK_SIZE = 3;
    private static final int CHUNK_SIZE_BLANK = 4;
    private static final int CHUNK_EXTENSION = 5;
    private static final int CHUNK_SIZE_LF = 6;
    private static final int CHUNK_DATA = 7;
    private static final int CHUNK_DATA_CR = 8;
    private static final int CHUNK_DATA_LF = 9;
    private static final int TRAILERS = 10;
    private static final int DONE = 11;
    private static final int FAILED = 12;
    private static final int STOPPED = 13;

    final H1Limits limits;
    private final Sink sink;
    private int state = DONE;
    private @Nullable H1Error error;

    // The block that is read line by line: the head or the trailers.
    final HeadReader head;
    private long remaining;
    private int chunkDigits;
    private int extensionBytes;
    private @Nullable HeaderMap trailers;

    // Chunks mostly end without trailers, and then the map is another message's.
    private static final FastThreadLocal<@Nullable HeaderMap> SPARE = new FastThreadLocal<>();

    private int underscoresDropped;
    /** What is being read, and how far {@link #newBytes} has told of it. */
    private @Nullable ByteBuf reading;

    private int told;
    private int untold;

    H1Parser(H1Limits limits, Sink sink) {
        this.limits = limits;
        this.sink = sink;
        this.head = new HeadReader(this);
    }

    /** Starts a message whose headers go to {@code headers}, which is cleared. */
    final void start(HeaderMap headers) {
        headers.clear();
        head.begin(headers, false);
        error = null;
        underscoresDropped = 0;
        state = HEAD;
    }

    /** The message is over: its headers are not looked at any more. */
    public final void letGo() {
        head.letGo();
    }

    /** Reads from {@code borrowed} until the message ends or bytes run out; never reads past the message's end. */
    public final Outcome parse(ByteBuf borrowed) {
        reading = borrowed;
        told = borrowed.readerIndex();
        Outcome outcome = read(borrowed);
        untold += borrowed.readerIndex() - told;
        reading = null;
        return outcome;
    }

    private Outcome read(ByteBuf borrowed) {
        while (true) {
            switch (state) {
                case HEAD:
                    if (!head.read(borrowed)) {
                        return error == null ? Outcome.NEED_MORE : Outcome.FAILED;
                    }
                    headComplete();
                    break;
                case BODY_LENGTH:
                case BODY_UNTIL_CLOSE:
                case CHUNK_DATA:
                    if (!borrowed.isReadable()) {
                        return Outcome.NEED_MORE;
                    }
                    body(borrowed);
                    break;
                case TRAILERS:
                    if (!head.read(borrowed)) {
                        return error == null ? Outcome.NEED_MORE : Outcome.FAILED;
                    }
                    trailersComplete();
                    break;
                case DONE:
                    return Outcome.COMPLETE;
                case FAILED:
                    return Outcome.FAILED;
                case STOPPED:
                    return Outcome.STOPPED;
                default:
                    if (!borrowed.isReadable()) {
                        return Outcome.NEED_MORE;
                    }
                    chunkFraming(borrowed);
            }
        }
    }

    /** Bytes that were read since this was last asked; the sink may ask when it is told something. */
    public final int newBytes() {
        int n = untold;
        untold = 0;
        ByteBuf in = reading;
        if (in != null) {
            int at = in.readerIndex();
            n += at - told;
            told = at;
        }
        return n;
    }

    /** Ends the message for good from inside a callback: nothing more is told. */
    public final void stop() {
        state = STOPPED;
    }

    /** Why {@link #parse} failed. */
    public final H1Error error() {
        H1Error e = error;
        return e == null ? H1Error.CODEC_ERROR : e;
    }

    /** Whether the message is complete. */
    public final boolean complete() {
        return state == DONE;
    }

    /** Whether bytes of a message were read that is not complete. */
    public final boolean midMessage() {
        return state != DONE && (state != HEAD || head.started());
    }

    /** Whether the connection may carry another message after this one. */
    public abstract boolean keepAlive();

    /**
     * The peer has closed its side. Ends a body that is delimited by that.
     *
     * @return whether the message is well ended, or none had begun
     */
    public final boolean endOfInput() {
        if (state == BODY_UNTIL_CLOSE) {
            state = DONE;
            sink.onData(Unpooled.EMPTY_BUFFER, true);
            return true;
        }
        return !midMessage();
    }

    final boolean failed() {
        return state == FAILED;
    }

    final boolean stopped() {
        return state == STOPPED;
    }

    /** Bytes of the header lines of the block that was read last. */
    public final int fieldBytes() {
        return head.fieldBytes();
    }

    /** How many headers were dropped because of an underscore in their name. */
    public final int droppedForUnderscore() {
        return underscoresDropped;
    }

    final void underscoreDropped() {
        underscoresDropped++;
    }

    /** The value of a host header. */
    abstract void host(HeaderMap headers, int from, int to);

    final boolean fail(H1Error e) {
        error = e;
        state = FAILED;
        return false;
    }

    /** The start line, which is {@code arena[from, to)} of the map; fails by {@link #fail}. */
    abstract void startLine(HeaderMap headers, int from, int to);

    /** Makes one line of those headers that are not to be repeated. */
    abstract void joinRepeated(HeaderMap headers);

    /** Checks the head as a whole and says what body follows, by one of the three methods below. */
    abstract void finishHead(HeaderMap headers);

    /** Of a message that tells a length beside its chunks, which is how messages are smuggled; false when it is refused for it. */
    final boolean dropLength(HeaderMap headers) {
        if (!limits.leniency().lengthBesideChunked() || !head.chunked) {
            return fail(H1Error.CONTENT_LENGTH_AND_CHUNKED);
        }
        head.contentLength = -1;
        headers.remove(HeaderName.CONTENT_LENGTH);
        return true;
    }

    final void bodyNone() {
        state = DONE;
    }

    final void bodyLength(long length) {
        remaining = length;
        state = length == 0 ? DONE : BODY_LENGTH;
    }

    final void bodyChunked() {
        remaining = 0;
        chunkDigits = 0;
        state = CHUNK_SIZE;
    }

    final void bodyUntilClose() {
        state = BODY_UNTIL_CLOSE;
    }

    /** Told by {@link #finishHead}: another head follows, into the same map. */
    final void informational(HeaderMap headers) {
        sink.onInformational(headers);
        if (state != STOPPED) {
            headers.clear();
            head.begin(headers, false);
            state = HEAD;
        }
    }

    private void headComplete() {
        HeaderMap headers = head.target();
        if (head.mayRepeat()) {
            joinRepeated(headers);
        }
        finishHead(headers);
        if (state == HEAD || state >= FAILED) {
            return;
        }
        sink.onHeaders(headers, state == DONE);
    }

    private void trailersComplete() {
        state = DONE;
        HeaderMap t = head.target();
        if (limits.trailers() && t.size() > 0) {
            sink.onTrailers(t);
        } else {
            trailers = null;
            SPARE.set(t);
            sink.onData(Unpooled.EMPTY_BUFFER, true);
        }
    }

    private void body(ByteBuf in) {
        int n = in.readableBytes();
        if (state == BODY_UNTIL_CLOSE) {
            sink.onData(in.readRetainedSlice(n), false);
            return;
        }
        if (remaining < n) {
            n = (int) remaining;
        }
        remaining -= n;
        boolean end = false;
        if (remaining == 0) {
            end = state == BODY_LENGTH;
            state = end ? DONE : CHUNK_DATA_CR;
        }
        sink.onData(in.readRetainedSlice(n), end);
    }

    private void chunkFraming(ByteBuf in) {
        byte b = in.readByte();
        switch (state) {
            case CHUNK_SIZE:
                int digit = Character.digit((char) (b & 0xff), 16);
                if (digit >= 0) {
                    if (remaining >>> 59 != 0) {
                        fail(H1Error.CODEC_ERROR);
                        return;
                    }
                    remaining = remaining << 4 | digit;
                    // Leading zeros are harmless, but not without end.
                    if (++chunkDigits > 64) {
                        fail(H1Error.CODEC_ERROR);
                    }
                    return;
                }
                if (chunkDigits == 0) {
                    fail(H1Error.CODEC_ERROR);
                    return;
                }
                extensionBytes = 0;
                sizeEnd(b, CHUNK_SIZE_BLANK);
                return;
            case CHUNK_SIZE_BLANK:
                sizeEnd(b, CHUNK_SIZE_BLANK);
                return;
            case CHUNK_EXTENSION:
                if (b == '\r') {
                    state = CHUNK_SIZE_LF;
                } else if (Bytes.CONTROL[b & 0xff] != 0 || ++extensionBytes > MAX_CHUNK_EXTENSION) {
                    fail(H1Error.CODEC_ERROR);
                }
                return;
            case CHUNK_SIZE_LF:
                if (b != '\n') {
                    fail(H1Error.CODEC_ERROR);
                } else if (remaining == 0) {
                    beginTrailers();
                } else {
                    state = CHUNK_DATA;
                }
                return;
            case CHUNK_DATA_CR:
                state = CHUNK_DATA_LF;
                if (b != '\r') {
                    fail(H1Error.CODEC_ERROR);
                }
                return;
            default:
                if (b == '\n') {
                    bodyChunked();
                } else {
                    fail(H1Error.CODEC_ERROR);
                }
        }
    }

    private void sizeEnd(byte b, int blankState) {
        if (b == '\r') {
            state = CHUNK_SIZE_LF;
        } else if (b == ';') {
            state = CHUNK_EXTENSION;
        } else if (Bytes.isBlank(b) && ++extensionBytes <= MAX_CHUNK_EXTENSION) {
            state = blankState;
        } else {
            fail(H1Error.CODEC_ERROR);
        }
    }

    private void beginTrailers() {
        HeaderMap t = trailers;
        if (t == null) {
            t = SPARE.get();
            if (t == null) {
                t = new HeaderMap();
            } else {
                SPARE.set(null);
            }
            trailers = t;
        }
        t.clear();
        head.begin(t, true);
        state = TRAILERS;
    }
}
