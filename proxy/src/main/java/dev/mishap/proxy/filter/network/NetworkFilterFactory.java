package dev.mishap.proxy.filter.network;

/** A network filter with its configuration parsed: one that ends its chain, one on the way there, or one before
 * it all. */
public sealed interface NetworkFilterFactory permits TerminalFilterFactory, PassingFilterFactory, GateFilterFactory {}
