package dev.mishap.proxy.dns.cache;

import dev.mishap.proxy.dns.DnsOptions;
import dev.mishap.proxy.dns.LookupFamily;
import java.util.List;

/**
 * {@code envoy.extensions.common.dynamic_forward_proxy.v3.DnsCacheConfig}.
 *
 * @param name unique in the process
 * @param family which addresses are asked for
 * @param refreshNanos {@code dns_refresh_rate}: when to ask again for what has no address or no TTL; default 60 s
 * @param minRefreshNanos {@code dns_min_refresh_rate}: the least time between two questions for a name whose answer has a TTL; default 5 s
 * @param failureBaseNanos {@code dns_failure_refresh_rate.base_interval}; default the refresh rate
 * @param failureMaxNanos {@code dns_failure_refresh_rate.max_interval}
 * @param hostTtlNanos {@code host_ttl}: a host that nobody asked for as long is forgotten; default 5 min
 * @param maxHosts {@code max_hosts}; default 1024
 * @param maxPending {@code dns_cache_circuit_breaker.max_pending_requests}: how many requests may wait for answers; default 1024
 * @param timeoutNanos {@code dns_query_timeout}; 0 = none; default 5 s
 * @param resolver how names are asked for
 * @param preresolve hosts, each with its port, that are asked for at once
 */
public record HostCacheConfig(
        String name,
        LookupFamily family,
        long refreshNanos,
        long minRefreshNanos,
        long failureBaseNanos,
        long failureMaxNanos,
        long hostTtlNanos,
        long maxHosts,
        long maxPending,
        long timeoutNanos,
        DnsOptions resolver,
        List<String> preresolve) {
    public HostCacheConfig {
        preresolve = List.copyOf(preresolve);
    }
}
