package dev.mishap.proxy.listener;

import dev.mishap.proxy.filter.network.ConnectionGate;
import dev.mishap.proxy.filter.network.PassingFilterFactory;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.transport.TransportSocketFactory;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A filter chain as it is configured. Connections hold on to the chain that they were given, whatever the listener does.
 *
 * @param name {@code ""} when it has none
 * @param source its configuration as text; two chains with equal text are the same chain in an update of the listener
 * @param transportSocketConnectTimeoutNanos 0 = none
 * @param gates what decides about a connection before it has anything of the chain
 * @param passing the filters before the last
 * @param terminal the last filter; null when the chain has no filters, which closes connections
 * @param life what ends and drains with it; null when that is nothing
 * @param metadata {@code filter_metadata} by namespace; null when there is none
 */
record FilterChain(
        String name,
        String source,
        FilterChainMatch match,
        TransportSocketFactory transportSocket,
        long transportSocketConnectTimeoutNanos,
        List<ConnectionGate> gates,
        List<PassingFilterFactory> passing,
        @Nullable TerminalFilterFactory terminal,
        @Nullable ChainLife life,
        @Nullable Map<String, Map<String, Object>> metadata) {
    FilterChain {
        gates = List.copyOf(gates);
        passing = List.copyOf(passing);
    }

    // A chain is itself, not what it holds: connections are counted by it.
    @Override
    public boolean equals(Object o) {
        return this == o;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
