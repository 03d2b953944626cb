package dev.mishap.proxy.server;

import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.rules.fault.Fault;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What this process has that Envoy has not, as {@code node.extensions} tells it to control planes: our extensions, with the messages that
 * configure them, and the faults of the rule language that it executes. A control plane that does not know them sees an Envoy.
 */
final class OwnExtensions {
    /** The category of the entries that name faults. */
    static final String FAULTS = "mishap.faults";

    /**
     * One entry.
     *
     * @param typeUrl full name of the message that configures it; empty for a fault
     */
    record Entry(String name, String category, String typeUrl) {}

    private OwnExtensions() {}

    static List<Entry> all() {
        List<Entry> all = new ArrayList<>();
        all.add(new Entry("mishap.filters.http.fault", "envoy.filters.http", "mishap.filters.http.fault.v1.HttpFault"));
        all.add(new Entry(
                "mishap.filters.network.fault",
                "envoy.filters.network",
                "mishap.filters.network.fault.v1.NetworkFault"));
        all.add(new Entry(
                "mishap.filters.network.dns_proxy", "envoy.filters.network", "mishap.filters.udp.dns.v1.DnsProxy"));
        all.add(new Entry(
                "mishap.filters.udp.dns_proxy", "envoy.filters.udp_listener", "mishap.filters.udp.dns.v1.DnsProxy"));
        all.add(new Entry("mishap.clusters.fault", "envoy.upstream_options", "mishap.clusters.fault.v1.ClusterFault"));
        all.add(new Entry("mishap.rules.discovered", "mishap.rules", "mishap.rules.v1.DiscoveredRules"));
        for (Fault.Kind kind : Fault.Kind.values()) {
            all.add(new Entry(kind.field(), FAULTS, ""));
        }
        return all;
    }

    /** The entries as JSON. */
    static List<Map<String, Object>> json() {
        List<Map<String, Object>> entries = new ArrayList<>();
        for (Entry entry : all()) {
            Map<String, Object> extension = new LinkedHashMap<>();
            extension.put("name", entry.name());
            extension.put("category", entry.category());
            if (!entry.typeUrl().isEmpty()) {
                extension.put("type_urls", List.of(entry.typeUrl()));
            }
            entries.add(extension);
        }
        return entries;
    }

    /** Writes the entries as field {@code field} of a Node. */
    static void write(int field, ProtoWriter out) {
        for (Entry entry : all()) {
            int extension = out.begin(field);
            out.string(1, entry.name()).string(2, entry.category());
            if (!entry.typeUrl().isEmpty()) {
                out.string(6, entry.typeUrl());
            }
            out.end(extension);
        }
    }
}
