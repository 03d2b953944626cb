package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.dns.DnsOptions;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is supported of the messages of clusters whose names are resolved, and how resolvers are read. */
public final class DnsFields {
    private static final String RESOLVER = "envoy.extensions.network.dns_resolver.";
    private static final String CARES = RESOLVER + "cares.v3.CaresDnsResolverConfig";
    private static final String GETADDRINFO = RESOLVER + "getaddrinfo.v3.GetAddrInfoDnsResolverConfig";

    public static final List<SupportedFields> ALL = List.of(
            SupportedFields.of("envoy.config.cluster.v3.Cluster.RefreshRate")
                    .supported("base_interval", "max_interval"),
            SupportedFields.of(DnsConfig.MESSAGE)
                    .supported("dns_refresh_rate", "dns_failure_refresh_rate", "respect_dns_ttl", "dns_jitter")
                    .supported("typed_dns_resolver_config", "dns_lookup_family", "all_addresses_in_single_endpoint"),
            SupportedFields.of(DnsConfig.MESSAGE + ".RefreshRate").supported("base_interval", "max_interval"),
            SupportedFields.of("envoy.config.core.v3.DnsResolutionConfig")
                    .supported("resolvers", "dns_resolver_options"),
            SupportedFields.of("envoy.config.core.v3.DnsResolverOptions").supported("no_default_search_domain"),
            SupportedFields.of(CARES)
                    .supported("resolvers", "dns_resolver_options", "query_timeout_seconds")
                    .supported("use_resolvers_as_fallback", "query_tries", "rotate_nameservers")
                    .accepted(
                            "udp_max_queries",
                            "a question is sent once, and its answer must have its id, port and name"),
            SupportedFields.of(GETADDRINFO)
                    .accepted("num_retries", "names are asked for again after dns_failure_refresh_rate"));

    private static final int MOST_TRIES = 100;

    private DnsFields() {}

    /** The resolver that a cluster or the bootstrap asks for: {@code typed_dns_resolver_config}, else {@code dns_resolution_config}, else the default. */
    public static DnsOptions options(ConfigNode c) {
        ConfigNode typed = c.message("typed_dns_resolver_config");
        ConfigNode config = typed == null ? null : typed.message("typed_config");
        if (typed != null) {
            String message = config == null ? "" : config.messageName();
            if (!message.equals(CARES) && !message.equals(GETADDRINFO)) {
                throw new ConfigException("Didn't find a registered implementation for '" + typed.string("name")
                        + "' with type URL: '" + message + "'");
            }
            return message.equals(CARES) ? of(config) : DnsOptions.system();
        }
        return c.messageName().equals(DnsConfig.MESSAGE) ? DnsOptions.DEFAULT : of(c.message("dns_resolution_config"));
    }

    private static DnsOptions of(@Nullable ConfigNode config) {
        if (config == null) {
            return DnsOptions.DEFAULT;
        }
        List<InetSocketAddress> servers = new ArrayList<>();
        for (ConfigNode address : config.messages("resolvers")) {
            ConfigNode socket = address.required("socket_address");
            InetAddress ip = NetUtil.createInetAddressFromIpAddressString(socket.string("address"));
            if (ip == null) {
                throw new ConfigException("malformed IP address: " + socket.string("address"));
            }
            servers.add(new InetSocketAddress(ip, (int) socket.integer("port_value", 53)));
        }
        ConfigNode options = config.message("dns_resolver_options");
        boolean cares = config.messageName().equals(CARES);
        return new DnsOptions(
                servers,
                options != null && options.bool("no_default_search_domain", false),
                1000 * (cares ? config.integer("query_timeout_seconds", 5) : 5),
                cares && config.bool("use_resolvers_as_fallback", false),
                cares ? (int) Math.min(MOST_TRIES, config.integer("query_tries", 1)) : 1,
                cares && config.bool("rotate_nameservers", false));
    }
}
