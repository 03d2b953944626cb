package dev.mishap.proxy.http;

import io.netty.channel.EventLoop;
import java.util.ArrayDeque;

/**
 * The stream objects of one connection manager on one event loop that no request uses at the moment. A connection takes one with
 * the first byte of a request and gives it back with its end, so that idle connections cost nothing of it. Confined to the loop.
 */
public final class SpareStreams {
    /** More than these were needed by a burst that is over. One takes 3 KiB. */
    private static final int MOST = 256;

    private final ConnectionManagerConfig config;
    private final EventLoop loop;
    // Taken and given back at the same end: the stream that was used last is the one that the processor's cache holds.
    private final ArrayDeque<ActiveStream> spare = new ArrayDeque<>();

    SpareStreams(ConnectionManagerConfig config, EventLoop loop) {
        this.config = config;
        this.loop = loop;
    }

    /** A stream for the next request of {@code codec}. */
    public ActiveStream take(DownstreamCodec codec) {
        ActiveStream s = spare.pollLast();
        if (s == null) {
            s = new ActiveStream(config, loop);
        }
        s.attach(codec);
        return s;
    }

    /** A stream whose request has ended and whose codec is told nothing more. */
    public void giveBack(ActiveStream stream) {
        assert !stream.active() : "a stream without its request's end";
        stream.detach();
        if (spare.size() < MOST) {
            spare.addLast(stream);
        } else {
            stream.close();
        }
    }
}
