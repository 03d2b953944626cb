package dev.mishap.proxy.filter.network;

/** A network filter with its configuration parsed: one that ends its chain, or one on the way there. */
public sealed interface NetworkFilterFactory permits TerminalFilterFactory, PassingFilterFactory {}
