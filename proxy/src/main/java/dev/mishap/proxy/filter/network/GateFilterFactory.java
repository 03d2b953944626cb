package dev.mishap.proxy.filter.network;

/** A filter that is a gate of its chain: it decides about a connection before the chain's transport socket and filters are there. */
@FunctionalInterface
public non-sealed interface GateFilterFactory extends NetworkFilterFactory {
    /** The gate of all connections of the chain. */
    ConnectionGate gate();
}
