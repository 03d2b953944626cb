package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.transport.Cidr;
import io.netty.util.NetUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * {@code envoy.config.listener.v3.FilterChainMatch}. An empty list or {@code ""} matches everything.
 *
 * @param destinationPort 0 = any
 * @param serverNames lower case; {@code *.x} as {@code .x}
 */
record FilterChainMatch(
        int destinationPort,
        List<Cidr> prefixRanges,
        List<String> serverNames,
        String transportProtocol,
        List<String> applicationProtocols,
        List<Cidr> directSourcePrefixRanges,
        SourceType sourceType,
        List<Cidr> sourcePrefixRanges,
        List<Integer> sourcePorts) {
    static final List<SupportedFields> FIELDS = List.of(SupportedFields.of("envoy.config.listener.v3.FilterChainMatch")
            .supported(
                    "destination_port",
                    "prefix_ranges",
                    "server_names",
                    "transport_protocol",
                    "application_protocols",
                    "direct_source_prefix_ranges",
                    "source_type",
                    "source_prefix_ranges",
                    "source_ports"));

    static final FilterChainMatch ANY = new FilterChainMatch(
            0, List.of(), List.of(), "", List.of(), List.of(), SourceType.ANY, List.of(), List.of());

    /** Where a connection comes from. */
    enum SourceType {
        ANY,
        SAME_IP_OR_LOOPBACK,
        EXTERNAL
    }

    FilterChainMatch {
        prefixRanges = List.copyOf(prefixRanges);
        serverNames = List.copyOf(serverNames);
        applicationProtocols = List.copyOf(applicationProtocols);
        directSourcePrefixRanges = List.copyOf(directSourcePrefixRanges);
        sourcePrefixRanges = List.copyOf(sourcePrefixRanges);
        sourcePorts = List.copyOf(sourcePorts);
    }

    // Written out: every listener needs them at the start, and those of a record are made of a dozen classes at their
    // first call.

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof FilterChainMatch other && parts().equals(other.parts());
    }

    @Override
    public int hashCode() {
        return parts().hashCode();
    }

    private List<Object> parts() {
        return List.of(
                destinationPort,
                prefixRanges,
                serverNames,
                transportProtocol,
                applicationProtocols,
                directSourcePrefixRanges,
                sourceType,
                sourcePrefixRanges,
                sourcePorts);
    }

    static FilterChainMatch from(@Nullable ConfigNode node) {
        if (node == null) {
            return ANY;
        }
        return new FilterChainMatch(
                (int) node.integer("destination_port", 0),
                ranges(node, "prefix_ranges"),
                serverNames(node),
                node.string("transport_protocol"),
                node.strings("application_protocols"),
                ranges(node, "direct_source_prefix_ranges"),
                SourceType.valueOf(node.enumName("source_type")),
                ranges(node, "source_prefix_ranges"),
                node.integers("source_ports").stream().map(Long::intValue).toList());
    }

    private static List<String> serverNames(ConfigNode node) {
        List<String> names = new ArrayList<>();
        for (String name : node.strings("server_names")) {
            String lower = name.toLowerCase(Locale.ROOT);
            if (lower.startsWith("*.")) {
                lower = lower.substring(1);
            }
            if (lower.contains("*")) {
                throw new ListenerException("partial wildcards are not supported in \"server_names\"");
            }
            names.add(lower);
        }
        return names;
    }

    private static List<Cidr> ranges(ConfigNode node, String field) {
        List<Cidr> ranges = new ArrayList<>();
        for (ConfigNode range : node.messages(field)) {
            byte[] address = NetUtil.createByteArrayFromIpAddressString(range.string("address_prefix"));
            if (address == null) {
                throw new ConfigException("malformed IP address: " + range.string("address_prefix"));
            }
            ranges.add(Cidr.of(address, (int) range.integer("prefix_len", 0)));
        }
        return ranges;
    }
}
