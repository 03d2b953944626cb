package dev.mishap.proxy.filter.udp.dnsfilter;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code envoy.data.dns.v3.DnsTable}: what is known of names. Looked up as Envoy does it: a name is known when some domain of the table
 * ends in the same two labels.
 *
 * @param retries {@code external_retry_count}
 * @param suffixes domains by their last two labels; a domain {@code *.a.b} is kept as {@code .a.b}
 * @param ttls seconds by domain
 */
record DnsTable(
        long retries, boolean caseInsensitive, Map<String, Map<String, Endpoint>> suffixes, Map<String, Long> ttls) {
    static final DnsTable EMPTY = new DnsTable(0, false, Map.of(), Map.of());
    private static final long DEFAULT_TTL = 300;
    private static final Map<Integer, String> PROTOCOLS =
            Map.of(1, "icmp", 6, "tcp", 17, "udp", 33, "dccp", 58, "ipv6-icmp", 132, "sctp", 136, "udplite");

    /** What a name leads to: addresses, a cluster's name or a service; the others are null. */
    record Endpoint(
            @Nullable List<InetAddress> addresses,
            @Nullable String cluster,
            @Nullable Service service) {}

    record Service(long ttl, List<Target> targets) {}

    /** @param name a host of the table, or a cluster */
    record Target(String name, boolean cluster, int priority, int weight, int port) {}

    /** @param caseInsensitive whether letters of names may differ in case */
    static DnsTable from(ConfigNode table, boolean caseInsensitive) {
        Map<String, Map<String, Endpoint>> suffixes = new HashMap<>();
        Map<String, Long> ttls = new HashMap<>();
        for (ConfigNode domain : table.messages("virtual_domains")) {
            String given = fold(domain.string("name"), caseInsensitive);
            String name = given.startsWith("*.") ? given.substring(1) : given;
            String suffix = suffix(name);
            ConfigNode endpoint = domain.message("endpoint");
            if (endpoint != null) {
                read(endpoint, name, suffix, given, suffixes, caseInsensitive);
            }
            ttls.putIfAbsent(name, domain.durationNanos("answer_ttl", DEFAULT_TTL * 1_000_000_000L) / 1_000_000_000L);
        }
        return new DnsTable(table.integer("external_retry_count", 0), caseInsensitive, suffixes, ttls);
    }

    private static void read(
            ConfigNode endpoint,
            String name,
            String suffix,
            String given,
            Map<String, Map<String, Endpoint>> suffixes,
            boolean caseInsensitive) {
        String kind = endpoint.oneof("endpoint_config");
        if (kind == null) {
            return;
        }
        switch (kind) {
            case "address_list" -> {
                Map<String, Endpoint> domains = suffixes.computeIfAbsent(suffix, s -> new HashMap<>());
                Endpoint before = domains.get(name);
                List<InetAddress> addresses = new ArrayList<>();
                if (before != null && before.addresses() != null) {
                    addresses.addAll(before.addresses());
                }
                addresses.addAll(addresses(endpoint.required("address_list")));
                domains.put(name, new Endpoint(addresses, null, null));
            }
            case "cluster_name" ->
                suffixes.computeIfAbsent(suffix, s -> new HashMap<>())
                        .putIfAbsent(name, new Endpoint(null, endpoint.string("cluster_name"), null));
            default -> {
                // As in Envoy, a service is kept only where something else of its domain is known before it.
                Map<String, Endpoint> domains = suffixes.get(suffix);
                for (ConfigNode service : endpoint.required("service_list").messages("services")) {
                    String protocol = protocol(service.message("protocol"));
                    if (!protocol.isEmpty() && domains != null) {
                        String full =
                                underscored(service.string("service_name")) + "." + underscored(protocol) + "." + given;
                        domains.putIfAbsent(fold(full, caseInsensitive), new Endpoint(null, null, service(service)));
                    }
                }
            }
        }
    }

    private static List<InetAddress> addresses(ConfigNode list) {
        List<InetAddress> addresses = new ArrayList<>();
        for (String each : list.strings("address")) {
            InetAddress address = NetUtil.createInetAddressFromIpAddressString(each);
            if (address == null) {
                throw new ConfigException("malformed IP address: " + each);
            }
            addresses.add(address);
        }
        return addresses;
    }

    private static Service service(ConfigNode service) {
        List<Target> targets = new ArrayList<>();
        for (ConfigNode t : service.messages("targets")) {
            boolean cluster = "cluster_name".equals(t.oneof("endpoint_type"));
            targets.add(new Target(
                    t.string(cluster ? "cluster_name" : "host_name"),
                    cluster,
                    (int) t.integer("priority", 0),
                    (int) t.integer("weight", 0),
                    (int) t.integer("port", 0)));
        }
        return new Service(service.durationNanos("ttl", 0) / 1_000_000_000L, targets);
    }

    private static String protocol(@Nullable ConfigNode protocol) {
        if (protocol == null) {
            return "";
        }
        return "number".equals(protocol.oneof("protocol_config"))
                ? PROTOCOLS.getOrDefault((int) protocol.integer("number", 0), "")
                : protocol.string("name");
    }

    private static String underscored(String label) {
        return label.startsWith("_") ? label : "_" + label;
    }

    private static String fold(String name, boolean caseInsensitive) {
        return caseInsensitive ? name.toLowerCase(Locale.ROOT) : name;
    }

    /** The last two labels. */
    static String suffix(String name) {
        int dot = name.lastIndexOf('.');
        int before = dot <= 0 ? -1 : name.lastIndexOf('.', dot - 1);
        return name.substring(before + 1);
    }

    boolean knows(String name) {
        return suffixes.containsKey(suffix(name));
    }

    /** What the name leads to, or else the longest wildcard over it; null for nothing. */
    @Nullable
    Endpoint find(String name) {
        Map<String, Endpoint> domains = suffixes.getOrDefault(suffix(name), Collections.emptyMap());
        for (int at = 0; at >= 0; at = name.indexOf('.', at + 1)) {
            Endpoint found = domains.get(name.substring(at));
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    long ttl(String name) {
        return ttls.getOrDefault(name, DEFAULT_TTL);
    }
}
