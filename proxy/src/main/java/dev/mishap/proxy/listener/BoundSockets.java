package dev.mishap.proxy.listener;

import java.net.SocketAddress;

/** The sockets of a listener. They outlive a listener that is replaced: who takes its place takes its sockets. */
interface BoundSockets {
    /**
     * Binds them; blocks until all are there.
     *
     * @throws Listener.BindException when the address can't be had
     */
    void bind(ListenerConfig config);

    /** Has what comes from now on go to {@code next}. */
    void target(Listener next);

    /** Where the first one is, with the port that was found when the configured one is 0. */
    SocketAddress address(SocketAddress absent);

    /** Takes what comes, or leaves it in the kernel's queue. */
    void accept(boolean accept);

    void close();
}
