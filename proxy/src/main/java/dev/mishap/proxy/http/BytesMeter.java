package dev.mishap.proxy.http;

/** Bytes of one stream on one side, as they were on the wire. One mutable object a stream and side, confined to its loop. */
public final class BytesMeter {
    public long wireReceived;
    public long wireSent;
    /** Of header lines without the start line, as Envoy counts them. */
    public long headerReceived;

    public long headerSent;
    /** The same before compression; equal where there is none. */
    public long plainHeaderReceived;

    public long plainHeaderSent;

    public void clear() {
        wireReceived = wireSent = headerReceived = headerSent = plainHeaderReceived = plainHeaderSent = 0;
    }

    public void copyFrom(BytesMeter other) {
        wireReceived = other.wireReceived;
        wireSent = other.wireSent;
        headerReceived = other.headerReceived;
        headerSent = other.headerSent;
        plainHeaderReceived = other.plainHeaderReceived;
        plainHeaderSent = other.plainHeaderSent;
    }

    /** Header lines of a protocol without compression. */
    public void received(long headerBytes) {
        headerReceived += headerBytes;
        plainHeaderReceived += headerBytes;
    }

    /** Header lines of a protocol without compression. */
    public void sent(long headerBytes) {
        headerSent += headerBytes;
        plainHeaderSent += headerBytes;
    }
}
