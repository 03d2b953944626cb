package dev.mishap.proxy.filter.listener;

import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;

/** A listener filter of one connection, confined to its loop. The filters of a connection run one after the other. */
public interface ListenerFilter {
    /** What becomes of the connection. */
    enum Status {
        /** This filter is done; the next one goes on. */
        CONTINUE,
        /** It needs the first bytes, or more of them. */
        NEED_BYTES,
        /** The connection is not to be served: it is closed. */
        CLOSE
    }

    /** Looks at a new connection. */
    Status onAccept(Channel channel, ConnectionInfo connection);

    /**
     * Looks at the bytes that have come so far: all of them, at every call. They stay for whoever comes next, unless the filter
     * moves the reader index over what is its own. Called when bytes have come and {@link Status#NEED_BYTES} was answered.
     */
    default Status onBytes(ByteBuf peeked) {
        return Status.CONTINUE;
    }

    /** The connection was closed, or {@code listener_filters_timeout} has passed, while this filter waited. */
    default void onGone() {}
}
