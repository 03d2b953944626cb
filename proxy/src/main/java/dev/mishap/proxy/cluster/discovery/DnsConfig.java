package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Discovery;
import dev.mishap.proxy.cluster.EndpointSource;
import dev.mishap.proxy.cluster.LoadAssignment;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.dns.DnsOptions;
import dev.mishap.proxy.dns.LookupFamily;
import java.util.List;

/**
 * STRICT_DNS and LOGICAL_DNS: the endpoints are what names resolve to.
 *
 * @param assignment the names
 * @param refreshNanos {@code dns_refresh_rate}, &ge; 1 ms; default 5 s
 * @param failureBaseNanos {@code dns_failure_refresh_rate.base_interval}; default the refresh rate
 * @param failureMaxNanos {@code dns_failure_refresh_rate.max_interval}; default 10 x base when a base is given, else the refresh rate
 * @param respectTtl whether an answer's TTL replaces the refresh rate
 * @param jitterNanos {@code dns_jitter}: up to this much is added to each wait
 * @param family which addresses are asked for
 * @param logical LOGICAL_DNS: one endpoint at a time, new connections go to the first address of the last answer
 * @param waitForFirst {@code wait_for_warm_on_init}: whether the cluster is used only when names had their first answer
 * @param resolver how names are asked for
 */
public record DnsConfig(
        LoadAssignment assignment,
        long refreshNanos,
        long failureBaseNanos,
        long failureMaxNanos,
        boolean respectTtl,
        long jitterNanos,
        LookupFamily family,
        boolean logical,
        boolean waitForFirst,
        DnsOptions resolver)
        implements Discovery {
    static final String MESSAGE = "envoy.extensions.clusters.dns.v3.DnsCluster";
    static final List<SupportedFields> FIELDS = DnsFields.ALL;

    private static final long DEFAULT_REFRESH_NANOS = 5_000_000_000L;

    /** Of a cluster whose {@code type} is STRICT_DNS or LOGICAL_DNS. */
    static DnsConfig from(ConfigNode c, LoadAssignment assignment, boolean logical) {
        return from(c, c, assignment, LookupFamily.valueOf(c.enumName("dns_lookup_family")), logical);
    }

    /** Of a cluster of type {@code envoy.cluster.dns}. */
    static DnsConfig typed(ConfigNode cluster, ConfigNode config, LoadAssignment assignment) {
        String family = config.enumName("dns_lookup_family");
        return from(
                cluster,
                config,
                assignment,
                family.equals("UNSPECIFIED") ? LookupFamily.AUTO : LookupFamily.valueOf(family),
                config.bool("all_addresses_in_single_endpoint", false));
    }

    private static DnsConfig from(
            ConfigNode cluster, ConfigNode c, LoadAssignment assignment, LookupFamily family, boolean logical) {
        if (logical && assignment.endpoints().size() != 1) {
            throw new ConfigException(
                    "LOGICAL_DNS clusters must have a single locality_lb_endpoint and a single lb_endpoint");
        }
        long refresh = c.durationNanos("dns_refresh_rate", DEFAULT_REFRESH_NANOS);
        long base = refresh;
        long max = refresh;
        ConfigNode failure = c.message("dns_failure_refresh_rate");
        if (failure != null) {
            base = failure.durationNanos("base_interval", refresh);
            max = failure.durationNanos("max_interval", base * 10);
            if (max < base) {
                throw new ConfigException(
                        "cluster.dns_failure_refresh_rate must have max_interval greater than or equal to the base_interval");
            }
        }
        return new DnsConfig(
                assignment,
                refresh,
                base,
                max,
                c.bool("respect_dns_ttl", false),
                c.durationNanos("dns_jitter", 0),
                family,
                logical,
                cluster.bool("wait_for_warm_on_init", true),
                DnsFields.options(c));
    }

    @Override
    public EndpointSource open(Cluster cluster) {
        return new DnsRefresh(cluster, this);
    }
}
