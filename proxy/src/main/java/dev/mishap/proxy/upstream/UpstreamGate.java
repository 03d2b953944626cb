package dev.mishap.proxy.upstream;

import io.netty.channel.ChannelFuture;

/**
 * Stands before each of the proxy's own connections, and decides whether and how it is made and what happens to it. Called on the
 * connection's loop.
 */
public interface UpstreamGate {
    /** Lets everything through. */
    UpstreamGate OPEN = new UpstreamGate() {
        @Override
        public boolean isIdle() {
            return true;
        }

        @Override
        public ChannelFuture open(UpstreamLink link, Dial dial) {
            return dial.now();
        }

        @Override
        public void reconsider(UpstreamLink link) {}
    };

    /** Whether every connection is simply made, so that {@link #open} need not be called. */
    boolean isIdle();

    /** Makes a connection by one of the ways of {@code dial}. */
    ChannelFuture open(UpstreamLink link, Dial dial);

    /** What the gate goes by has changed while the connection lives. */
    void reconsider(UpstreamLink link);

    /** The ways to make a connection, or not to; one of them is called, once. */
    interface Dial {
        /** Connects. */
        ChannelFuture now();

        /** Connects when {@code nanos} have passed, all within the cluster's connect timeout. */
        ChannelFuture later(long nanos);

        /** Fails as if the endpoint had refused, without a packet sent. */
        ChannelFuture refused();

        /** Fails when the cluster's connect timeout is over, as if nothing had been answered, without a packet sent. */
        ChannelFuture unanswered();

        /** Connects after all what {@link #unanswered} holds back, within the same timeout; nothing when that is over. */
        void answer();
    }
}
