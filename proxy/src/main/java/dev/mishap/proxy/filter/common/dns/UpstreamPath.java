package dev.mishap.proxy.filter.common.dns;

/** A socket to a resolver with the questions that wait on it. */
interface UpstreamPath {
    /** The question does not wait any more. */
    void forget(Exchange exchange);
}
