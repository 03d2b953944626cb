package dev.mishap.proxy.transport;

import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.function.Supplier;

/** What the configuration of a listener's parts may reach when it is parsed. */
public interface SocketContext {
    /** Stats without a prefix. */
    Scope root();

    /** Stats of the listener: {@code listener.<address>.}. */
    Scope listenerScope();

    /** The listener's name. */
    String listenerName();

    /** {@code Listener.per_connection_buffer_limit_bytes}. */
    int bufferLimit();

    Supplier<RuntimeSnapshot> runtime();

    /** Where draws start. */
    long randomSeed();

    /** A service of the process by its class; see {@code FilterContext.service}. */
    <T> T service(Class<T> type);
}
