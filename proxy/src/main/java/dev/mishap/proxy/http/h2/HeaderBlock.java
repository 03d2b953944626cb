package dev.mishap.proxy.http.h2;

import java.util.Arrays;

/** The header block of which the peer is sending the frames; no other frame may come before its end (RFC 9113 4.3). */
final class HeaderBlock {
    /** CONTINUATION frames of one header block; as many as Envoy's codec takes. */
    private static final int MAX_CONTINUATIONS = 1024;

    private static final byte[] NOTHING = {};

    private final int maxBytes;
    private int streamId;
    private boolean endStream;
    private boolean opens;
    private int continuations;
    private int frameBytes;
    private byte[] bytes = NOTHING;
    private int length;

    /** @param maxBytes of what is gathered: more than a message may have, since the table must stay the peer's */
    HeaderBlock(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** A HEADERS frame came. {@code frame} is its length with the frame's header. */
    void begin(int streamId, boolean endStream, boolean opens, int frame) {
        this.streamId = streamId;
        this.endStream = endStream;
        this.opens = opens;
        frameBytes = frame;
        continuations = 0;
    }

    /** Whether a block is under way. */
    boolean isOpen() {
        return streamId != 0;
    }

    /** The stream of the block that is under way, else 0. */
    int streamId() {
        return streamId;
    }

    /** Whether the peer's message ends with the block. */
    boolean endsStream() {
        return endStream;
    }

    /** Whether the block is the first of its stream. */
    boolean opensStream() {
        return opens;
    }

    /** Bytes of the block's frames, with their headers. */
    int frameBytes() {
        return frameBytes;
    }

    /** Keeps what the HEADERS frame had: {@code from[start..end)}. */
    void gather(byte[] from, int start, int end) {
        bytes = Arrays.copyOfRange(from, start, end);
        length = end - start;
    }

    /** Adds what a CONTINUATION frame has; false = that is too much. */
    boolean add(byte[] payload, int n) {
        if (++continuations > MAX_CONTINUATIONS || length + n > maxBytes) {
            return false;
        }
        if (bytes.length - length < n) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + n));
        }
        System.arraycopy(payload, 0, bytes, length, n);
        length += n;
        frameBytes += H2Frame.HEADER_SIZE + n;
        return true;
    }

    /** How much was gathered. */
    int length() {
        return length;
    }

    /** Hands out what was gathered. */
    byte[] take() {
        byte[] all = bytes;
        bytes = NOTHING;
        return all;
    }

    /** The block has come to its end, or nobody wants it any more. */
    void close() {
        streamId = 0;
        bytes = NOTHING;
    }
}
