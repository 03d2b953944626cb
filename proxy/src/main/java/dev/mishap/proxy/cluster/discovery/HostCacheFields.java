package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.dns.LookupFamily;
import dev.mishap.proxy.dns.cache.HostCache;
import dev.mishap.proxy.dns.cache.HostCacheConfig;
import java.util.ArrayList;
import java.util.List;

/** Reads {@code envoy.extensions.common.dynamic_forward_proxy.v3.DnsCacheConfig}. */
public final class HostCacheFields {
    private static final String MESSAGE = "envoy.extensions.common.dynamic_forward_proxy.v3.DnsCache";
    private static final long SECOND = 1_000_000_000L;

    public static final List<SupportedFields> ALL = List.of(
            SupportedFields.of(MESSAGE + "Config")
                    .supported("name", "dns_lookup_family", "dns_refresh_rate", "dns_min_refresh_rate", "host_ttl")
                    .supported("max_hosts", "dns_failure_refresh_rate", "dns_cache_circuit_breaker")
                    .supported("dns_resolution_config", "typed_dns_resolver_config", "preresolve_hostnames")
                    .supported("dns_query_timeout"),
            SupportedFields.of(MESSAGE + "CircuitBreakers").supported("max_pending_requests"));

    private HostCacheFields() {}

    /** Reads a cache's configuration. */
    public static HostCacheConfig from(ConfigNode node) {
        long refresh = node.durationNanos("dns_refresh_rate", 60 * SECOND);
        ConfigNode failure = node.message("dns_failure_refresh_rate");
        long base = failure == null ? refresh : failure.durationNanos("base_interval", refresh);
        long max = failure == null ? refresh : failure.durationNanos("max_interval", base * 10);
        if (max < base) {
            throw new ConfigException(
                    "dns_cache.dns_failure_refresh_rate must have max_interval greater than or equal to the base_interval");
        }
        ConfigNode breaker = node.message("dns_cache_circuit_breaker");
        List<String> early = new ArrayList<>();
        for (ConfigNode host : node.messages("preresolve_hostnames")) {
            early.add(HostCache.key(host.string("address"), (int) host.integer("port_value", 0)));
        }
        return new HostCacheConfig(
                node.string("name"),
                LookupFamily.valueOf(node.enumName("dns_lookup_family")),
                refresh,
                node.durationNanos("dns_min_refresh_rate", 5 * SECOND),
                base,
                max,
                node.durationNanos("host_ttl", 300 * SECOND),
                node.integer("max_hosts", 1024),
                breaker == null ? 1024 : breaker.integer("max_pending_requests", 1024),
                node.durationNanos("dns_query_timeout", 5 * SECOND),
                DnsFields.options(node),
                early);
    }
}
