package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.http.HttpStream;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/** The pieces of a body that wait for the service. Owns their bytes; while there are too many, their sender is made to wait. */
final class Pieces {
    /** Bytes, and whether the body ends with them. */
    static final class Piece {
        final ByteBuf bytes;
        final boolean end;

        private Piece(ByteBuf bytes, boolean end) {
            this.bytes = bytes;
            this.end = end;
        }
    }

    private final Side side;
    private final Deque<Piece> waiting = new ArrayDeque<>(2);
    private int bytes;
    private boolean paused;

    Pieces(Side side) {
        this.side = side;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** How many bytes there are. */
    int bytes() {
        return bytes;
    }

    void keep(HttpStream stream, ByteBuf borrowed, boolean end) {
        waiting.addLast(new Piece(borrowed.retainedSlice(), end));
        bytes += borrowed.readableBytes();
        if (bytes > stream.bufferLimit()) {
            pause(stream);
        }
    }

    /** Takes the first out, whose bytes are the caller's now. */
    Piece take(HttpStream stream) {
        Piece piece = waiting.removeFirst();
        bytes -= piece.bytes.readableBytes();
        if (bytes <= stream.bufferLimit() / 2) {
            unpause(stream);
        }
        return piece;
    }

    /** Those after the first {@code skipped}; not to be used when any are added or taken. */
    Iterator<Piece> after(int skipped) {
        Iterator<Piece> all = waiting.iterator();
        for (int i = 0; i < skipped && all.hasNext(); i++) {
            all.next();
        }
        return all;
    }

    /** Makes one piece of all, which stays here. */
    Piece join(HttpStream stream, boolean end) {
        ByteBuf whole;
        if (waiting.size() == 1) {
            whole = waiting.removeFirst().bytes;
        } else {
            whole = stream.alloc().buffer(Math.max(bytes, 16));
            for (Piece piece; (piece = waiting.pollFirst()) != null; piece.bytes.release()) {
                whole.writeBytes(piece.bytes);
            }
        }
        Piece joined = new Piece(whole, end);
        waiting.addLast(joined);
        bytes = whole.readableBytes();
        return joined;
    }

    void pause(HttpStream stream) {
        if (!paused) {
            paused = true;
            side.pauseReads(stream);
        }
    }

    void unpause(HttpStream stream) {
        if (paused) {
            paused = false;
            side.resumeReads(stream);
        }
    }

    /** Drops all. */
    void clear() {
        for (Piece piece; (piece = waiting.pollFirst()) != null; ) {
            piece.bytes.release();
        }
        bytes = 0;
    }
}
