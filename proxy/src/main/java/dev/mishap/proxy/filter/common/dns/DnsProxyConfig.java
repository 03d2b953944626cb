package dev.mishap.proxy.filter.common.dns;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.dns.NameServers;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.AccessLogs;
import dev.mishap.proxy.observe.log.LogFiles;
import dev.mishap.proxy.rules.ClientQuestions;
import dev.mishap.proxy.rules.FollowedRules;
import dev.mishap.proxy.rules.PlacedRules;
import dev.mishap.proxy.rules.RuleSource;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.rules.config.DiscoveredRules;
import dev.mishap.proxy.rules.config.RuleConfig;
import dev.mishap.proxy.transport.SocketContext;
import dev.mishap.proxy.xds.ExtensionConfigs;
import dev.mishap.proxy.xds.Lifecycle;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.fault.Fault;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@code mishap.filters.udp.dns.v1.DnsProxy}. Immutable.
 *
 * @param upstreams resolvers, 1 to 16
 * @param timeoutNanos one resolver may take; default 2 s
 * @param attempts a question is asked so often in all, 1 to 16
 * @param maxPending questions that a worker has under way; default 10,000
 * @param maxPerClient of one client address; default 1,000
 * @param cacheEntries answers that a worker keeps; 0 = none
 * @param cacheSeconds an answer is kept so long at most; default 1 h
 * @param tcpIdleNanos a client's connection may be idle; default 10 s
 */
public record DnsProxyConfig(
        List<InetSocketAddress> upstreams,
        long timeoutNanos,
        int attempts,
        int maxPending,
        int maxPerClient,
        int cacheEntries,
        long cacheSeconds,
        long tcpIdleNanos,
        AccessLog log,
        ClientQuestions questions,
        DnsProxyStats stats) {
    public static final String MESSAGE = "mishap.filters.udp.dns.v1.DnsProxy";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(MESSAGE)
                    .supported("stat_prefix", "upstreams", "timeout", "attempts", "max_pending")
                    .supported("max_pending_per_client", "cache", "access_log", "tcp_idle_timeout")
                    .supported("rules", "discovered"),
            SupportedFields.of(MESSAGE + ".Cache").supported("max_entries", "max_ttl"));

    private static final long SECOND = 1_000_000_000L;

    public DnsProxyConfig {
        upstreams = List.copyOf(upstreams);
    }

    /** Reads the message. */
    public static DnsProxyConfig from(ConfigNode node, SocketContext context) {
        List<InetSocketAddress> upstreams = new ArrayList<>();
        for (ConfigNode address : node.messages("upstreams")) {
            ConfigNode socket = address.required("socket_address");
            InetAddress ip = NetUtil.createInetAddressFromIpAddressString(socket.string("address"));
            if (ip == null) {
                throw new ConfigException("malformed IP address: " + socket.string("address"));
            }
            int port = (int) socket.integer("port_value", 0);
            upstreams.add(new InetSocketAddress(ip, port == 0 ? 53 : port));
        }
        if (upstreams.isEmpty()) {
            upstreams.addAll(NameServers.system());
        }
        if (upstreams.isEmpty()) {
            throw node.error("upstreams", "is empty, and /etc/resolv.conf names no server");
        }
        ConfigNode cache = node.message("cache");
        List<ConfigNode> logs = node.messages("access_log");
        return new DnsProxyConfig(
                upstreams,
                node.durationNanos("timeout", 2 * SECOND),
                (int) node.integer("attempts", Math.max(2, upstreams.size())),
                (int) node.integer("max_pending", 10_000),
                (int) node.integer("max_pending_per_client", 1_000),
                cache == null ? 0 : (int) cache.integer("max_entries", 1_000),
                cache == null ? 0 : cache.durationNanos("max_ttl", 3600 * SECOND) / SECOND,
                node.durationNanos("tcp_idle_timeout", 10 * SECOND),
                logs.isEmpty()
                        ? AccessLog.NONE
                        : AccessLogs.from(logs, context.service(LogFiles.class), context.runtime()),
                questions(node, context),
                new DnsProxyStats(context.root().scope("dns_proxy." + node.string("stat_prefix") + ".")));
    }

    private static ClientQuestions questions(ConfigNode node, SocketContext context) {
        RuleStore store = context.service(RuleStore.class);
        String site = "the DNS proxy of listener '" + context.listenerName() + "'";
        List<FaultRule> rules = rules(node);
        ConfigNode discovered = node.message("discovered");
        RuleSource own = null;
        if (discovered == null && !rules.isEmpty()) {
            PlacedRules placed = store.places().replace(site, rules);
            placed.enter();
            context.service(Lifecycle.class).onEnd(placed::leave);
            own = placed;
        } else if (discovered != null) {
            FollowedRules followed = new FollowedRules(store.places(), site);
            followed.put(rules);
            context.service(Lifecycle.class).onEnd(() -> followed.put(List.of()));
            DiscoveredRules.follow(
                    "dns_rules",
                    discovered,
                    rules,
                    DnsProxyConfig::rules,
                    followed::put,
                    context.service(ExtensionConfigs.class),
                    context.service(Lifecycle.class));
            own = followed;
        }
        return new ClientQuestions(store, own, context.listenerName(), context.root());
    }

    private static List<FaultRule> rules(ConfigNode node) {
        return RuleConfig.listFrom(
                node,
                "rules",
                "a DNS proxy",
                rule -> rule.fault().kind().plane() == Fault.Plane.DNS,
                "mishap.filters.http.fault, mishap.filters.network.fault or mishap.clusters.fault");
    }
}
