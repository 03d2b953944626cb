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
        public Way decide(UpstreamLink link) {
            return Way.NOW;
        }

        @Override
        public void begun(UpstreamLink link, ChannelFuture made) {}

        @Override
        public Way reconsider(UpstreamLink link) {
            return Way.NOW;
        }
    };

    /** Whether every connection is simply made, so that nothing else need be called. */
    boolean isIdle();

    /** Decides how a connection is made, of which there is no channel yet. */
    Way decide(UpstreamLink link);

    /**
     * A connection that was decided about has its channel.
     *
     * @param made completes when it is connected, or cannot be; may have failed already
     */
    void begun(UpstreamLink link, ChannelFuture made);

    /** What the gate goes by has changed while the connection lives; how it is made if it still waits for that. */
    Way reconsider(UpstreamLink link);

    /**
     * How a connection is made. All of it is within the cluster's connect timeout.
     *
     * @param refused fails as if the endpoint had refused, without a packet sent
     * @param cut nothing is sent for as long as this holds
     * @param delayNanos how long after it was asked for it is begun. What is decided when it is asked for counts; without any delay later
     *     it waits no longer
     */
    record Way(boolean refused, boolean cut, long delayNanos) {
        /** Connects. */
        public static final Way NOW = new Way(false, false, 0);

        public static final Way REFUSED = new Way(true, false, 0);

        public static final Way CUT = new Way(false, true, 0);

        public static Way after(long nanos) {
            return nanos == 0 ? NOW : new Way(false, false, nanos);
        }

        /** What comes of two that hold together. */
        public Way and(Way other) {
            if (this == NOW || other == NOW) {
                return this == NOW ? other : this;
            }
            return new Way(refused || other.refused, cut || other.cut, delayNanos + other.delayNanos);
        }

        boolean isNow() {
            return !refused && !cut && delayNanos == 0;
        }
    }
}
