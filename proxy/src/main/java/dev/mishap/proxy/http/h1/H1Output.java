package dev.mishap.proxy.http.h1;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.FastThreadLocal;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Writes HTTP/1.1 responses to a channel. Heads and small bodies are gathered in one buffer; the end of
 * a message flushes at once, what comes before it when the event loop has done its reads. Confined to the channel's event loop.
 */
final class H1Output {
    /** Bodies up to this size are copied beside the head, which is cheaper than one more entry of a gathering write. */
    private static final int COPY_LIMIT = 8 * 1024;

    private static final byte[] CHUNKED = ascii("transfer-encoding: chunked\r\n");
    private static final byte[] ZERO_LENGTH = ascii("content-length: 0\r\n");
    private static final byte[] CLOSE = ascii("connection: close\r\n");
    private static final byte[] KEEP_ALIVE = ascii("connection: keep-alive\r\n");
    private static final byte[] LAST_CHUNK = ascii("0\r\n\r\n");
    private static final byte[] CONTINUE = ascii("HTTP/1.1 100 Continue\r\n\r\n");

    private static final FastThreadLocal<byte[]> SCRATCH = new FastThreadLocal<>() {
        @Override
        protected byte[] initialValue() {
            return new byte[4096];
        }
    };

    private final ChannelHandlerContext ctx;
    private final boolean properCase;
    private final Runnable flushTask = this::flush;
    private @Nullable ByteBuf pending;
    private boolean flushScheduled;
    private boolean unflushed;
    private boolean chunked;
    private long written;
    private int fieldsFrom;
    private long fieldBytes;

    private byte[] out = new byte[0];
    private int at;

    /**
     * @param ctx context of the handler that owns the channel; writes start there
     * @param properCase whether header names are written with capitals ({@code header_key_format.proper_case_words})
     */
    H1Output(ChannelHandlerContext ctx, boolean properCase) {
        this.ctx = ctx;
        this.properCase = properCase;
    }

    /** Bytes written so far. */
    long written() {
        return written;
    }

    /** Bytes of header lines written so far, without start lines. */
    long fieldBytes() {
        return fieldBytes;
    }

    /**
     * Writes a response's head; the headers hold {@code :status}.
     *
     * @param bodyless whether the response can't have a body for its request's method (HEAD)
     * @param close whether to announce that the connection ends
     * @param http10 whether the client speaks HTTP/1.0, which knows no chunks and keeps no connection unless told
     * @param tunnel whether what follows is another protocol, which is not framed
     */
    void responseHead(
            HeaderMap headers, boolean endStream, boolean bodyless, boolean close, boolean http10, boolean tunnel) {
        begin(headers);
        int status = status(headers);
        put(http10 ? StatusLines.line10(status) : StatusLines.line(status));
        fieldsFrom = at;
        boolean length = fields(headers);
        chunked = false;
        if (close) {
            line(CLOSE);
        } else if (http10) {
            line(KEEP_ALIVE);
        }
        if (!length && !tunnel) {
            if (!endStream) {
                if (!http10 && status != 204) { // RFC 9112 6.1: a 204 has no transfer coding
                    chunked = true;
                    line(CHUNKED);
                }
            } else if (status >= 200 && status != 204 && status != 304) {
                if (!bodyless) {
                    line(ZERO_LENGTH);
                } else if (!http10) {
                    line(CHUNKED); // as the response to a GET would be framed
                }
            }
        }
        finish(endStream);
    }

    /** Writes a 1xx response. */
    void informational(HeaderMap headers) {
        begin(headers);
        put(StatusLines.line(status(headers)));
        fields(headers);
        finish(false);
    }

    /** Writes {@code 100 Continue}. */
    void continue100() {
        take(CONTINUE, CONTINUE.length);
        scheduleFlush();
    }

    /** Writes a piece of the body. */
    void data(ByteBuf transferred, boolean endStream) {
        int n = transferred.readableBytes();
        if (n > 0) {
            if (chunked) {
                chunkSize(n);
            }
            if (n <= COPY_LIMIT) {
                room(n + 2).writeBytes(transferred);
                transferred.release();
                written += n;
            } else {
                pass();
                written += n;
                unflushed = true;
                ctx.write(transferred, ctx.voidPromise());
            }
            if (chunked) {
                room(2).writeShort('\r' << 8 | '\n');
                written += 2;
            }
        } else {
            transferred.release();
        }
        if (endStream) {
            if (chunked) {
                take(LAST_CHUNK, LAST_CHUNK.length);
            }
            flush();
        } else {
            scheduleFlush();
        }
    }

    /** Ends a message with trailers; without chunks there is no place for them, and they are dropped. */
    void trailers(HeaderMap trailers) {
        if (chunked) {
            begin(trailers);
            out[at++] = '0';
            crlf();
            fields(trailers);
            finish(true);
        } else {
            flush();
        }
    }

    /** Sends what is gathered. */
    void flush() {
        flushScheduled = false;
        pass();
        if (unflushed) {
            unflushed = false;
            ctx.flush();
        }
    }

    /** Flushes when the event loop has handled what it has read. */
    void scheduleFlush() {
        if (!flushScheduled) {
            flushScheduled = true;
            ctx.channel().eventLoop().execute(flushTask);
        }
    }

    /** Drops what is gathered; the channel is gone. */
    void discard() {
        ByteBuf p = pending;
        if (p != null) {
            pending = null;
            p.release();
        }
    }

    private static int status(HeaderMap headers) {
        int i = headers.indexOf(HeaderName.STATUS);
        byte[] a = headers.arena();
        int v = headers.valueOffset(i);
        assert headers.valueLength(i) == 3 : headers;
        return (a[v] - '0') * 100 + (a[v + 1] - '0') * 10 + a[v + 2] - '0';
    }

    /** Writes all but the pseudo headers; tells whether there was a content-length. */
    private boolean fields(HeaderMap headers) {
        byte[] arena = headers.arena();
        boolean length = false;
        for (int i = 0, n = headers.size(); i < n; i++) {
            int name = headers.nameOffset(i);
            if (arena[name] == ':') {
                continue;
            }
            int nameLength = headers.nameLength(i);
            int value = headers.valueOffset(i);
            int valueLength = headers.valueLength(i);
            int start = at;
            if (value == name + nameLength + 2 && arena[name + nameLength] == ':' && arena[value - 1] == ' ') {
                System.arraycopy(arena, name, out, at, nameLength + 2 + valueLength);
            } else {
                System.arraycopy(arena, name, out, at, nameLength);
                out[at + nameLength] = ':';
                out[at + nameLength + 1] = ' ';
                System.arraycopy(arena, value, out, at + nameLength + 2, valueLength);
            }
            at += nameLength + 2 + valueLength;
            crlf();
            if (properCase) {
                capitals(start, nameLength);
            }
            length |= nameLength == 14 && headers.isNamed(i, HeaderName.CONTENT_LENGTH);
        }
        return length;
    }

    private void capitals(int start, int length) {
        boolean first = true;
        for (int i = start; i < start + length; i++) {
            byte b = out[i];
            if (first && b >= 'a' && b <= 'z') {
                out[i] = (byte) (b - 32);
            }
            first = !(b >= 'a' && b <= 'z' || b >= '0' && b <= '9');
        }
    }

    private void line(byte[] line) {
        int start = at;
        put(line);
        if (properCase) {
            int colon = 0;
            while (line[colon] != ':') {
                colon++;
            }
            capitals(start, colon);
        }
    }

    private void begin(HeaderMap headers) {
        // Room for every line, its separators and what is added, so that the loops need no checks.
        int most = headers.byteSize() + headers.size() * 4 + 256;
        byte[] scratch = SCRATCH.get();
        if (scratch.length < most) {
            scratch = new byte[Math.max(most, scratch.length * 2)];
            if (most <= 64 * 1024) {
                SCRATCH.set(scratch);
            }
        }
        out = scratch;
        at = 0;
        fieldsFrom = 0;
    }

    private void finish(boolean endStream) {
        fieldBytes += at - fieldsFrom;
        crlf();
        take(out, at);
        if (endStream) {
            flush();
        } else {
            scheduleFlush();
        }
    }

    private void take(byte[] bytes, int length) {
        room(length).writeBytes(bytes, 0, length);
        written += length;
    }

    private ByteBuf room(int n) {
        ByteBuf p = pending;
        if (p != null) {
            if (p.writableBytes() >= n || p.capacity() < 2 * COPY_LIMIT) {
                return p;
            }
            pass();
        }
        // Most answers are a head and a small body, which come one after the other.
        p = ctx.alloc().ioBuffer(Math.max(n, 2048));
        pending = p;
        return p;
    }

    private void pass() {
        ByteBuf p = pending;
        if (p != null) {
            pending = null;
            unflushed = true;
            ctx.write(p, ctx.voidPromise());
        }
    }

    private void chunkSize(int n) {
        ByteBuf p = room(10);
        int shift = (31 - Integer.numberOfLeadingZeros(n)) & ~3;
        for (; shift >= 0; shift -= 4) {
            p.writeByte(Character.forDigit(n >> shift & 15, 16));
            written++;
        }
        p.writeShort('\r' << 8 | '\n');
        written += 2;
    }

    private void put(byte[] bytes) {
        System.arraycopy(bytes, 0, out, at, bytes.length);
        at += bytes.length;
    }

    private void crlf() {
        out[at] = '\r';
        out[at + 1] = '\n';
        at += 2;
    }

    private static byte[] ascii(String s) {
        return s.getBytes(StandardCharsets.ISO_8859_1);
    }
}
