package dev.mishap.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;

/** What a connection turns to when its client speaks HTTP/2. Known by this interface, so that no class of HTTP/2 is loaded before. */
@FunctionalInterface
public interface Http2Switch {
    /** What an HTTP/2 client's first bytes start with; the rest of the preface is HTTP/2's to check. */
    byte[] PREFACE = {'P', 'R', 'I', ' ', '*', ' ', 'H', 'T', 'T', 'P', '/', '2'};

    /**
     * The handler of an HTTP/2 connection that was counted already.
     *
     * @param openedNanos when the connection was accepted
     */
    ChannelHandler handler(long openedNanos);

    /** How many bytes of {@code in} are those of the preface, from the start: {@link #PREFACE}'s length when it is all there. */
    static int matches(ByteBuf in) {
        int n = Math.min(in.readableBytes(), PREFACE.length);
        for (int i = 0; i < n; i++) {
            if (in.getByte(in.readerIndex() + i) != PREFACE[i]) {
                return -1;
            }
        }
        return n;
    }
}
