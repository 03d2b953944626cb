package dev.mishap.proxy.filter.network;

import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;

/** A network filter of one connection that is not the last of its chain. Confined to the connection's loop. */
public interface NetworkFilter {
    /** How the chain goes on. */
    enum Status {
        /** On to the next filter; what is read later is shown to this one first. */
        CONTINUE,
        /** On to the next filter; this one wants to see nothing more. When all say so, the connection is as fast as without them. */
        DONE,
        /** Not yet: later filters see neither the connection nor its bytes until {@link Connection#resume} is called. */
        STOP
    }

    /** What a filter may do to its connection. */
    interface Connection {
        Channel channel();

        ConnectionInfo info();

        /** Goes on after {@link Status#STOP} with the next filter, in this call. */
        void resume();

        /**
         * Sends what is written and closes.
         *
         * @param reason {@code DOWNSTREAM_LOCAL_CLOSE_REASON}
         */
        void close(String reason);

        /** Closes at once; what is not sent yet is dropped. */
        void closeNow(String reason);
    }

    /** A connection has reached this filter. */
    Status onNewConnection(Connection connection);

    /**
     * Bytes have been read: all that later filters have not yet seen, which is more than the last time after a {@link
     * Status#STOP}. The filter doesn't own them and leaves the reader index where it is.
     *
     * @param end whether the peer sends nothing more
     */
    default Status onData(ByteBuf data, boolean end) {
        return Status.DONE;
    }

    /** The connection is closed. Called once for each filter whose onNewConnection was called. */
    default void onClose() {}
}
