package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.BytesMeter;
import dev.mishap.proxy.http.HeaderMap;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One stream of an {@link H2Connection}: its windows and what waits for them. Subclasses say what the messages mean. An object
 * serves many streams of its connection, one after the other. Confined to the connection's loop.
 */
public abstract class H2Stream {
    final H2Connection connection;
    int id;
    boolean open;
    /** Our last frame of the stream is written or queued; likewise the peer's was read. */
    boolean localEnd;

    boolean remoteEnd;
    boolean localEndWritten;

    int sendWindow;
    int receiveWindow;
    /** Bytes taken in whose window was not given back yet. */
    private int consumed;
    /** Bytes that came while reading was paused. */
    private int withheld;

    private int pauses;

    // Most streams have nothing to queue while they wait, and there may be very many of them.
    private static final ArrayDeque<ByteBuf> EMPTY = new ArrayDeque<>(1);

    private ArrayDeque<ByteBuf> queue = EMPTY;
    private int queued;
    private @Nullable HeaderMap queuedTrailers;
    private boolean full;
    boolean cutAfterEnd;
    boolean blocked;

    /** What content-length promises, -1 = nothing; and the body's bytes so far. */
    long expectedLength;

    long receivedLength;
    boolean headersReceived;

    /** Where the stream's frames are counted; null = nowhere. */
    private @Nullable BytesMeter meter;

    protected H2Stream(H2Connection connection) {
        this.connection = connection;
    }

    final void begin(int streamId, int sendWindow, int receiveWindow) {
        assert queue.isEmpty() && !blocked;
        id = streamId;
        open = true;
        localEnd = remoteEnd = localEndWritten = headersReceived = full = cutAfterEnd = false;
        this.sendWindow = sendWindow;
        this.receiveWindow = receiveWindow;
        consumed = withheld = pauses = queued = 0;
        expectedLength = -1;
        receivedLength = 0;
        queuedTrailers = null;
    }

    /** Has the stream's frames counted from now on; null = nowhere. */
    protected final void count(@Nullable BytesMeter bytes) {
        meter = bytes;
    }

    /** A frame of the stream has come, of {@code bytes} with its header. */
    final void received(int bytes) {
        BytesMeter m = meter;
        if (m != null) {
            m.wireReceived += bytes;
        }
    }

    /** The header block that came makes a message; it had frames of {@code bytes} and headers of {@code plainBytes}. */
    final void receivedHeaders(int bytes, int plainBytes) {
        BytesMeter m = meter;
        if (m != null) {
            m.headerReceived += bytes;
            m.plainHeaderReceived += plainBytes;
        }
    }

    final void sentFrame(int bytes) {
        BytesMeter m = meter;
        if (m != null) {
            m.wireSent += bytes;
        }
    }

    private void sendHeaders(HeaderMap headers, boolean endStream) {
        H2Output out = connection.output();
        long before = out.written();
        out.headers(id, headers, endStream);
        BytesMeter m = meter;
        if (m != null) {
            long bytes = out.written() - before;
            m.wireSent += bytes;
            m.headerSent += bytes;
            m.plainHeaderSent += headers.byteSize();
        }
    }

    /** The stream's number on its connection. */
    public final int id() {
        return id;
    }

    /** Whether the stream was neither reset nor ended by both sides. */
    public final boolean isOpen() {
        return open;
    }

    /** Whether the peer has said all. */
    public final boolean remoteEnded() {
        return remoteEnd;
    }

    /** Whether our side has said all, though it may wait to be sent. */
    public final boolean localEnded() {
        return localEnd;
    }

    // ---- what the peer says ----

    /** Where the next header block is read to: the message's headers first, then its trailers. */
    protected abstract HeaderMap target(boolean trailers);

    /**
     * Looks at a header block before it is told: whether it keeps to the rules. May change the map. Answers null when all is well,
     * else what is wrong, in Envoy's words.
     */
    protected abstract @Nullable String check(HeaderMap headers, boolean trailers, boolean endStream);

    /** Whether a message only announces the one that is to come: a response of status 1xx. */
    protected boolean isInformational(HeaderMap headers) {
        return false;
    }

    protected void onInformational(HeaderMap headers) {}

    /** The body has as many bytes, or the message is broken. */
    protected final void expectLength(long bytes) {
        expectedLength = bytes;
    }

    protected abstract void onHeaders(HeaderMap headers, boolean endStream);

    protected abstract void onData(ByteBuf transferred, boolean endStream);

    protected abstract void onTrailers(HeaderMap trailers);

    /**
     * The stream is over before its time: the peer reset it, or we did since it broke the rules.
     *
     * @param details Envoy's name of what was wrong, or null when the peer reset the stream
     */
    protected abstract void onReset(int code, @Nullable String details);

    /** What waits to be sent has passed the high mark ({@code false}) or is under the low one again. */
    protected abstract void onWritable(boolean writable);

    /** The stream is closed: this object may be used again once nobody of this stream is on the stack. */
    protected abstract void onClosed();

    // ---- what we say ----

    protected final void writeHeaders(HeaderMap headers, boolean endStream) {
        if (!open || localEnd) {
            return;
        }
        localEnd = endStream;
        localEndWritten = endStream;
        sendHeaders(headers, endStream);
        connection.ended(this);
    }

    /** Sends a 1xx response. */
    protected final void writeInformational(HeaderMap headers) {
        if (open && !localEnd) {
            sendHeaders(headers, false);
        }
    }

    protected final void writeData(ByteBuf transferred, boolean endStream) {
        if (!open || localEnd) {
            transferred.release();
            return;
        }
        localEnd = endStream;
        if (!transferred.isReadable() && (!endStream || !queue.isEmpty())) {
            transferred.release();
            return; // the end goes with what waits
        }
        if (queue == EMPTY) {
            queue = new ArrayDeque<>(4);
        }
        queue.addLast(transferred);
        queued += transferred.readableBytes();
        if (!blocked) {
            write(Integer.MAX_VALUE);
            if (!blocked && !queue.isEmpty()) {
                connection.sending().block(this);
            }
        }
        mark();
        connection.ended(this);
    }

    /** Ends the message; the map may change once this returns. */
    protected final void writeTrailers(HeaderMap trailers) {
        if (!open || localEnd) {
            return;
        }
        localEnd = true;
        if (queue.isEmpty()) {
            localEndWritten = true;
            sendHeaders(trailers, true);
        } else {
            HeaderMap copy = new HeaderMap();
            copy.copyFrom(trailers);
            queuedTrailers = copy;
        }
        connection.ended(this);
    }

    /** Once all that we say is sent, the stream ends, whatever the peer still has to say. */
    protected final void resetAfterEnd() {
        cutAfterEnd = true;
        connection.ended(this);
    }

    /** Ends the stream at once. The subclass is told nothing but {@link #onClosed}. */
    protected final void reset(int code) {
        connection.resetByUs(this, code);
    }

    /** Sends what the windows allow, {@code most} bytes at most. */
    final int write(int most) {
        int sent = 0;
        H2Output out = connection.output();
        ByteBuf next;
        while ((next = queue.peekFirst()) != null) {
            int have = next.readableBytes();
            int n = Math.min(
                    Math.min(have, most - sent),
                    Math.min(out.maxFrame(), connection.sending().sendable(this)));
            boolean last = n == have && localEnd && queuedTrailers == null && queue.size() == 1;
            if (n <= 0 && !(last && have == 0)) {
                return sent;
            }
            sendWindow -= n;
            connection.sending().sent(n);
            queued -= n;
            sent += n;
            out.data(id, next, n, last);
            sentFrame(H2Frame.HEADER_SIZE + n);
            if (n == have) {
                queue.removeFirst();
                next.release();
                localEndWritten |= last;
            }
        }
        HeaderMap trailers = queuedTrailers;
        if (trailers != null) {
            queuedTrailers = null;
            localEndWritten = true;
            sendHeaders(trailers, true);
        }
        return sent;
    }

    final boolean hasQueued() {
        return !queue.isEmpty();
    }

    final int queuedBytes() {
        return queued;
    }

    /** Tells the subclass when what waits passes one of the marks. */
    final void mark() {
        int limit = connection.bufferLimit();
        if (!full && queued > limit) {
            full = true;
            onWritable(false);
        } else if (full && queued <= limit / 2) {
            full = false;
            if (open) {
                onWritable(true);
            }
        }
    }

    /** Whether the stream takes more data. */
    public final boolean isWritable() {
        return !full;
    }

    final void dropQueue() {
        ByteBuf b;
        while ((b = queue.pollFirst()) != null) {
            b.release();
        }
        queued = 0;
        queuedTrailers = null;
        full = false;
    }

    // ---- the window that we give ----

    /** Withholds the window of what comes from now on; counted. */
    public void pauseReads() {
        pauses++;
    }

    public void resumeReads() {
        if (pauses > 0 && --pauses == 0 && withheld > 0) {
            int n = withheld;
            withheld = 0;
            consume(n);
        }
    }

    /** {@code n} bytes were handed on. */
    final void delivered(int n) {
        if (pauses > 0 && open) {
            withheld += n;
        } else {
            consume(n);
        }
    }

    private void consume(int n) {
        connection.receiving().consumed(n);
        if (!open || remoteEnd) {
            return;
        }
        consumed += n;
        if (consumed >= connection.options().streamWindow() / 2) {
            receiveWindow += consumed;
            connection.output().windowUpdate(id, consumed);
            sentFrame(H2Frame.HEADER_SIZE + 4);
            consumed = 0;
        }
    }

    /** What was withheld is the connection's again. */
    final void giveBack() {
        int n = withheld;
        withheld = 0;
        if (n > 0) {
            connection.receiving().consumed(n);
        }
    }
}
