package dev.mishap.proxy.filter.http.grpcstats;

import io.netty.buffer.ByteBuf;

/** Counts the messages of a gRPC body (length-prefixed, gRPC over HTTP/2), each when its first byte is seen. */
final class MessageCounter {
    private static final int PREFIX = 5;

    private int prefixRead;
    private long length;

    /** How many messages begin in {@code data}, whose reader index stays where it is. */
    int count(ByteBuf data) {
        int begun = 0;
        int at = data.readerIndex();
        int end = data.writerIndex();
        while (at < end) {
            if (length > 0 && prefixRead == PREFIX) {
                long n = Math.min(length, end - at);
                at += (int) n;
                length -= n;
            } else if (prefixRead < PREFIX && prefixRead > 0) {
                length = length << 8 | data.getByte(at++) & 0xff;
                prefixRead++;
            } else {
                begun++;
                length = 0;
                at++;
                prefixRead = 1;
            }
            if (prefixRead == PREFIX && length == 0) {
                prefixRead = 0;
            }
        }
        return begun;
    }
}
