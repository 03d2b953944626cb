package dev.mishap.proxy.http;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one direction of a stream that wait before a filter. Past the limit their source is paused, and below half of it resumed;
 * both are counted by the stream. Owns the buffers that are in it.
 */
final class BodyQueue {
    /** Bytes that wait, and the filter that is to see them next. */
    static final class Piece {
        ByteBuf data;
        final int from;
        boolean end;
        /** Whether the bytes are a copy that nobody else has, with room for more. */
        private boolean joined;

        Piece(ByteBuf data, int from, boolean end) {
            this.data = data;
            this.from = from;
            this.end = end;
        }
    }

    /** Pieces up to this size are copied together: a slice of what was read is larger than few bytes, and keeps all that was read. */
    private static final int SMALL = 512;

    private static final int JOINED = 4096;

    private final HttpStream stream;
    private final boolean ofRequest;
    private @Nullable ArrayDeque<Piece> waiting;
    /** What follows held headers and goes on with them. */
    private @Nullable ArrayDeque<Piece> kept;

    private int limit;
    private int bytes;
    private boolean full;

    /** @param ofRequest whether it is the request that is paused */
    BodyQueue(HttpStream stream, boolean ofRequest) {
        this.stream = stream;
        this.ofRequest = ofRequest;
    }

    /** Readies the queue, which is empty, for a stream. */
    void begin(int limit) {
        this.limit = limit;
        bytes = 0;
        full = false;
    }

    /** Makes the limit {@code to} bytes unless it is more. */
    void raiseLimit(int to) {
        limit = Math.max(limit, to);
    }

    void addLast(ByteBuf transferred, int from, boolean end) {
        append(waiting(), transferred, from, end);
    }

    void addFirst(ByteBuf transferred, int from, boolean end) {
        waiting().addFirst(new Piece(transferred, from, end));
        grown(transferred.readableBytes());
    }

    /** Lays bytes behind the headers that a filter holds. */
    void keep(ByteBuf transferred, int from, boolean end) {
        ArrayDeque<Piece> k = kept;
        if (k == null) {
            k = new ArrayDeque<>(4);
            kept = k;
        }
        append(k, transferred, from, end);
    }

    private void append(ArrayDeque<Piece> to, ByteBuf transferred, int from, boolean end) {
        int n = transferred.readableBytes();
        if (n == 0 && !end) {
            transferred.release(); // a filter took all of it; there may be no end of what it takes, and it counts for
            // nothing here
            return;
        }
        Piece last = to.peekLast();
        if (last == null || last.from != from || last.end || !hasRoom(last, n)) {
            to.addLast(new Piece(transferred, from, end));
        } else {
            join(last, transferred);
            last.end = end;
        }
        grown(n);
    }

    private static boolean hasRoom(Piece piece, int more) {
        return more <= SMALL
                && (piece.joined ? piece.data.writableBytes() >= more : piece.data.readableBytes() <= SMALL);
    }

    private void join(Piece piece, ByteBuf transferred) {
        if (!piece.joined) {
            ByteBuf before = piece.data;
            piece.data = stream.alloc().buffer(JOINED).writeBytes(before);
            piece.joined = true;
            before.release();
        }
        piece.data.writeBytes(transferred);
        transferred.release();
    }

    /** Puts what was kept before all that waits. */
    void unkeep() {
        ArrayDeque<Piece> k = kept;
        if (k != null) {
            Piece p;
            while ((p = k.pollLast()) != null) {
                waiting().addFirst(p);
            }
        }
    }

    /** Takes the first out, whose bytes are the caller's now. */
    @Nullable
    Piece poll() {
        Piece p = waiting == null ? null : waiting.pollFirst();
        if (p != null) {
            shrunk(p.data.readableBytes());
        }
        return p;
    }

    /** Drops all. */
    void clear() {
        unkeep();
        Piece p;
        while ((p = poll()) != null) {
            p.data.release();
        }
    }

    private ArrayDeque<Piece> waiting() {
        ArrayDeque<Piece> q = waiting;
        if (q == null) {
            q = new ArrayDeque<>(4);
            waiting = q;
        }
        return q;
    }

    private void grown(int n) {
        bytes += n;
        if (!full && bytes > limit) {
            full = true;
            if (ofRequest) {
                stream.pauseRequestReads();
            } else {
                stream.pauseResponseReads();
            }
        }
    }

    private void shrunk(int n) {
        bytes -= n;
        if (full && bytes <= limit / 2) {
            full = false;
            if (ofRequest) {
                stream.resumeRequestReads();
            } else {
                stream.resumeResponseReads();
            }
        }
    }
}
