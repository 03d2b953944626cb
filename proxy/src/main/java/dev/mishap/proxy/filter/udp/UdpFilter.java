package dev.mishap.proxy.filter.udp;

import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;

/** Sees the datagrams of one socket. Confined to its loop. */
public interface UdpFilter {
    /**
     * Sees a datagram. Answers are written to the socket, and flushed by {@link #onReadComplete} or later.
     *
     * @param borrowed its bytes
     * @return whether the next filter sees it, too
     */
    boolean onDatagram(ByteBuf borrowed, InetSocketAddress from);

    /** What one readiness of the socket brought has been seen. */
    default void onReadComplete() {}

    /** The socket told of an error of an earlier datagram, such as a port that nobody listens at. */
    default void onReceiveError() {}

    /**
     * Others have taken its place on the socket, as when the listener is updated: it sees no more datagrams, and lets go of the socket
     * and of what it holds as soon as those that it has seen are answered.
     */
    default void onRemoved() {}
}
