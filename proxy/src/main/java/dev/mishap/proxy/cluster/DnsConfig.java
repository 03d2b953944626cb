package dev.mishap.proxy.cluster;

import dev.mishap.proxy.dns.LookupFamily;

/**
 * How a cluster's names are resolved.
 *
 * @param refreshNanos {@code dns_refresh_rate}, &ge; 1 ms; default 5 s
 * @param failureBaseNanos {@code dns_failure_refresh_rate.base_interval}; default the refresh rate
 * @param failureMaxNanos {@code dns_failure_refresh_rate.max_interval}; default 10 x base when a base is given, else the refresh rate
 * @param respectTtl whether an answer's TTL replaces the refresh rate
 * @param jitterNanos {@code dns_jitter}: up to this much is added to each wait
 * @param family which addresses are asked for
 * @param firstAddressOnly LOGICAL_DNS: one endpoint at a time, new connections go to the first address of the last answer
 */
public record DnsConfig(
        long refreshNanos,
        long failureBaseNanos,
        long failureMaxNanos,
        boolean respectTtl,
        long jitterNanos,
        LookupFamily family,
        boolean firstAddressOnly) {}
