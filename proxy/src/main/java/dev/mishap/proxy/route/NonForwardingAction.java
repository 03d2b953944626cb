package dev.mishap.proxy.route;

/** A route without an action of its own, for filters that read its configuration; the router answers 503 for it. */
public record NonForwardingAction() implements RouteAction {}
