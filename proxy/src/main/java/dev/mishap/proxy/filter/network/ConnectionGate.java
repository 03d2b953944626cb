package dev.mishap.proxy.filter.network;

import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.channel.Channel;

/**
 * Stands between the choice of a connection's filter chain and its filters, and decides whether, when and how the connection gets
 * to them. Called on the connection's loop.
 */
public interface ConnectionGate {
    /** Lets everything through. */
    ConnectionGate OPEN = new ConnectionGate() {
        @Override
        public boolean isIdle() {
            return true;
        }

        @Override
        public void admit(
                Channel channel,
                ConnectionInfo info,
                String listener,
                TerminalFilterFactory terminal,
                Runnable proceed) {
            proceed.run();
        }

        @Override
        public void reconsider(Channel channel, ConnectionInfo info, String listener, TerminalFilterFactory terminal) {}
    };

    /** Whether every connection goes straight on, so that {@link #admit} need not be called. */
    boolean isIdle();

    /**
     * A connection has its filter chain.
     *
     * @param proceed starts the filters; is run once at most: now, later or never
     */
    void admit(Channel channel, ConnectionInfo info, String listener, TerminalFilterFactory terminal, Runnable proceed);

    /** What the gate goes by has changed while the connection lives. */
    void reconsider(Channel channel, ConnectionInfo info, String listener, TerminalFilterFactory terminal);
}
