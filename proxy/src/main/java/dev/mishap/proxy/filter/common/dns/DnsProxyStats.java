package dev.mishap.proxy.filter.common.dns;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;

/** {@code dns_proxy.<stat_prefix>.*}. */
public final class DnsProxyStats {
    /** Questions of clients, over UDP and TCP. */
    final Counter queries;

    final Counter tcpQueries;
    /** Messages that are no question: too short, answers, more than one question. */
    final Counter malformed;
    /** Answers that went to clients. */
    final Counter responses;
    /** Questions to which no resolver had an answer in time. */
    final Counter unanswered;
    /** Questions over a limit. */
    final Counter overflow;

    final Counter clientOverflow;
    final Counter cacheHits;
    final Gauge pending;
    final Counter upstreamQueries;
    final Counter upstreamTimeouts;
    /** A resolver's address refused, or its connection broke. */
    final Counter upstreamErrors;
    /** Questions that another resolver was asked. */
    final Counter upstreamFailovers;
    /** Truncated answers whose whole ones were asked for over TCP, since the client has room for them. */
    final Counter upstreamAgain;
    /** Answers that were nobody's: another id, another question. */
    final Counter upstreamMismatched;

    final Histogram latency;

    DnsProxyStats(Scope scope) {
        queries = scope.counter("downstream_rx_queries");
        tcpQueries = scope.counter("downstream_rx_queries_tcp");
        malformed = scope.counter("downstream_rx_invalid_queries");
        responses = scope.counter("downstream_tx_responses");
        unanswered = scope.counter("unanswered_queries");
        overflow = scope.counter("pending_overflow");
        clientOverflow = scope.counter("client_pending_overflow");
        cacheHits = scope.counter("cache_hits");
        pending = scope.gauge("pending_queries");
        upstreamQueries = scope.counter("upstream_tx_queries");
        upstreamTimeouts = scope.counter("upstream_timeouts");
        upstreamErrors = scope.counter("upstream_errors");
        upstreamFailovers = scope.counter("upstream_failovers");
        upstreamAgain = scope.counter("upstream_tcp_retries");
        upstreamMismatched = scope.counter("upstream_mismatched_responses");
        latency = scope.histogram("query_latency_ms", Histogram.Unit.MILLISECONDS);
    }
}
