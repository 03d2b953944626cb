package dev.mishap.proxy.filter.udp.dnsfilter;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.cluster.discovery.DnsFields;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.dns.DnsOptions;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.AccessLogs;
import dev.mishap.proxy.observe.log.LogFiles;
import dev.mishap.proxy.rules.ClientQuestions;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.transport.SocketContext;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig}. Immutable.
 *
 * @param resolver how names that the table does not have are asked for; null = they are not
 * @param timeoutNanos {@code resolver_timeout}, default 500 ms
 * @param maxPending {@code max_pending_lookups} of a worker, &ge; 1
 */
record DnsFilterConfig(
        DnsTable table,
        @Nullable DnsOptions resolver,
        long timeoutNanos,
        long maxPending,
        Function<String, @Nullable Cluster> clusters,
        AccessLog log,
        ClientQuestions questions,
        DnsFilterStats stats) {
    static final String MESSAGE = "envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig";
    private static final String TABLE = "envoy.data.dns.v3.DnsTable";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(MESSAGE)
                    .supported("stat_prefix", "server_config", "client_config", "access_log", "case_insensitive"),
            SupportedFields.of(MESSAGE + ".ServerContextConfig").supported("inline_dns_table", "external_dns_table"),
            SupportedFields.of(MESSAGE + ".ClientContextConfig")
                    .supported("resolver_timeout", "max_pending_lookups")
                    .supported("dns_resolution_config", "typed_dns_resolver_config"),
            SupportedFields.of(TABLE)
                    .supported("external_retry_count", "virtual_domains")
                    .accepted("known_suffixes", "as in Envoy, which names are known follows from the domains"),
            SupportedFields.of(TABLE + ".DnsVirtualDomain").supported("name", "endpoint", "answer_ttl"),
            SupportedFields.of(TABLE + ".DnsEndpoint").supported("address_list", "cluster_name", "service_list"),
            SupportedFields.of(TABLE + ".AddressList").supported("address"),
            SupportedFields.of(TABLE + ".DnsServiceList").supported("services"),
            SupportedFields.of(TABLE + ".DnsService").supported("service_name", "protocol", "ttl", "targets"),
            SupportedFields.of(TABLE + ".DnsServiceProtocol").supported("number", "name"),
            SupportedFields.of(TABLE + ".DnsServiceTarget")
                    .supported("host_name", "cluster_name", "priority", "weight", "port"));

    private static final Logger LOG = LoggerFactory.getLogger("filter");
    private static final long DEFAULT_TIMEOUT = 500_000_000L;

    static DnsFilterConfig from(ConfigNode node, SocketContext context) {
        ConfigNode server = node.message("server_config");
        ConfigNode client = node.message("client_config");
        List<ConfigNode> logs = node.messages("access_log");
        return new DnsFilterConfig(
                table(server, node.bool("case_insensitive", false)),
                client == null ? null : DnsFields.options(client),
                client == null ? DEFAULT_TIMEOUT : client.durationNanos("resolver_timeout", DEFAULT_TIMEOUT),
                client == null ? 0 : client.integer("max_pending_lookups", 0),
                context.service(ClusterManager.class)::get,
                logs.isEmpty()
                        ? AccessLog.NONE
                        : AccessLogs.from(logs, context.service(LogFiles.class), context.runtime()),
                new ClientQuestions(context.service(RuleStore.class), context.listenerName(), context.root()),
                new DnsFilterStats(context.root().scope("dns_filter." + node.string("stat_prefix") + ".")));
    }

    private static DnsTable table(@Nullable ConfigNode server, boolean caseInsensitive) {
        if (server == null) {
            return DnsTable.EMPTY;
        }
        ConfigNode inline = server.message("inline_dns_table");
        if (inline != null) {
            return DnsTable.from(inline, caseInsensitive);
        }
        ConfigNode external = server.message("external_dns_table");
        String file = external == null ? "" : external.string("filename");
        try {
            return DnsTable.from(ConfigReader.lenient().file(TABLE, Path.of(file)), caseInsensitive);
        } catch (ConfigException e) {
            // As in Envoy: without its table the filter knows no name.
            LOG.warn("Filesystem DNS Filter config update failure: {}", e.getMessage());
            return DnsTable.EMPTY;
        }
    }
}
