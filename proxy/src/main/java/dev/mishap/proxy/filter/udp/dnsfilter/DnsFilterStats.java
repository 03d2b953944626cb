package dev.mishap.proxy.filter.udp.dnsfilter;

import dev.mishap.proxy.dns.wire.DnsMessage;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;

/** {@code dns_filter.<stat_prefix>.*}, under Envoy's names. */
final class DnsFilterStats {
    /** Counters of one kind of thing by record type; null where Envoy has none. */
    record ByType(Counter a, Counter aaaa, Counter srv, Counter other) {
        Counter of(int type) {
            return switch (type) {
                case DnsMessage.TYPE_A -> a;
                case DnsMessage.TYPE_AAAA -> aaaa;
                case DnsMessage.TYPE_SRV -> srv;
                default -> other;
            };
        }
    }

    final ByType queries;
    final ByType clusterAnswers;
    final ByType localAnswers;
    final ByType externalQueries;
    final ByType externalAnswers;
    final Counter rxErrors;
    final Counter rxInvalid;
    final Counter rxQueries;
    final Counter txResponses;
    final Counter externallyResolved;
    final Counter knownDomain;
    final Counter withAdditional;
    final Counter withAnswers;
    final Counter underflow;
    final Counter parsingFailure;
    final Counter unanswered;
    final Histogram rxBytes;
    final Histogram txBytes;
    final Histogram latency;

    DnsFilterStats(Scope scope) {
        Counter external = scope.counter("external_unsupported_queries");
        Counter externalOther = scope.counter("external_unsupported_answers");
        queries = new ByType(
                scope.counter("a_record_queries"),
                scope.counter("aaaa_record_queries"),
                scope.counter("srv_record_queries"),
                scope.counter("unsupported_queries"));
        clusterAnswers = new ByType(
                scope.counter("cluster_a_record_answers"),
                scope.counter("cluster_aaaa_record_answers"),
                scope.counter("cluster_srv_record_answers"),
                scope.counter("cluster_unsupported_answers"));
        localAnswers = new ByType(
                scope.counter("local_a_record_answers"),
                scope.counter("local_aaaa_record_answers"),
                scope.counter("local_srv_record_answers"),
                scope.counter("local_unsupported_answers"));
        externalQueries = new ByType(
                scope.counter("external_a_record_queries"),
                scope.counter("external_aaaa_record_queries"),
                external,
                external);
        externalAnswers = new ByType(
                scope.counter("external_a_record_answers"),
                scope.counter("external_aaaa_record_answers"),
                externalOther,
                externalOther);
        rxErrors = scope.counter("downstream_rx_errors");
        rxInvalid = scope.counter("downstream_rx_invalid_queries");
        rxQueries = scope.counter("downstream_rx_queries");
        txResponses = scope.counter("downstream_tx_responses");
        externallyResolved = scope.counter("externally_resolved_queries");
        knownDomain = scope.counter("known_domain_queries");
        withAdditional = scope.counter("queries_with_additional_rrs");
        withAnswers = scope.counter("queries_with_ans_or_authority_rrs");
        underflow = scope.counter("query_buffer_underflow");
        parsingFailure = scope.counter("query_parsing_failure");
        scope.counter("record_name_overflow"); // what Envoy never counts either
        unanswered = scope.counter("unanswered_queries");
        rxBytes = scope.histogram("downstream_rx_bytes", Histogram.Unit.BYTES);
        txBytes = scope.histogram("downstream_tx_bytes", Histogram.Unit.BYTES);
        latency = scope.histogram("downstream_rx_query_latency", Histogram.Unit.MILLISECONDS);
    }
}
