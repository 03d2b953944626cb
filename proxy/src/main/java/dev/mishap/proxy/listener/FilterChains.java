package dev.mishap.proxy.listener;

import dev.mishap.proxy.http.OwnAddress;
import dev.mishap.proxy.listener.FilterChainMatch.SourceType;
import dev.mishap.proxy.transport.ConnectionInfo;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The filter chains of a listener, as an index of what they match. The criteria are looked at in Envoy's order; at each one the
 * most specific value that any chain names is taken, and chains with another value are out, even when the taken ones fail a
 * later criterion.
 */
final class FilterChains {
    // One class a criterion, each mapping its values to the next one; 0 or "" stands for any.
    private static final class ByDestination extends HashMap<Integer, Networks<ByServerName>> {}

    private static final class ByServerName extends HashMap<String, ByTransport> {}

    private static final class ByTransport extends HashMap<String, ByProtocol> {}

    private static final class ByProtocol extends HashMap<String, Networks<BySourceType>> {}

    private static final class BySourceType extends EnumMap<SourceType, Networks<BySourcePort>> {
        BySourceType() {
            super(SourceType.class);
        }
    }

    private static final class BySourcePort extends HashMap<Integer, FilterChain> {}

    private final List<FilterChain> chains;
    private final @Nullable FilterChain byDefault;
    private final @Nullable FilterChain only;
    private final ByDestination index = new ByDestination();
    private final @Nullable FilterChainMatcher matcher;
    private final Map<String, FilterChain> named = new HashMap<>();

    /**
     * An index of {@code chains}.
     *
     * @param byDefault what a connection gets that none of them matches, or null
     * @throws Duplicate when two of them match the same
     */
    FilterChains(List<FilterChain> chains, @Nullable FilterChain byDefault) {
        this.chains = List.copyOf(chains);
        this.byDefault = byDefault;
        this.matcher = null;
        for (FilterChain chain : chains) {
            add(chain);
        }
        if (chains.isEmpty()) {
            only = byDefault;
        } else {
            only = chains.size() == 1 && chains.get(0).match().equals(FilterChainMatch.ANY) ? chains.get(0) : null;
        }
    }

    /** Chains that {@code matcher} chooses from, by their names. */
    FilterChains(List<FilterChain> chains, @Nullable FilterChain byDefault, FilterChainMatcher matcher) {
        this.chains = List.copyOf(chains);
        this.byDefault = byDefault;
        this.matcher = matcher;
        this.only = null;
        chains.forEach(chain -> named.put(chain.name(), chain));
    }

    /** Two chains match the same. */
    static final class Duplicate extends RuntimeException {
        private static final long serialVersionUID = 1L;

        final transient FilterChain first;
        final transient FilterChain second;

        Duplicate(FilterChain first, FilterChain second) {
            super("two filter chains match the same", null, false, false);
            this.first = first;
            this.second = second;
        }
    }

    /** All chains, the default one last. */
    List<FilterChain> all() {
        List<FilterChain> all = new ArrayList<>(chains);
        if (byDefault != null) {
            all.add(byDefault);
        }
        return all;
    }

    private void add(FilterChain chain) {
        FilterChainMatch m = chain.match();
        Networks<ByServerName> destinations = index.computeIfAbsent(m.destinationPort(), k -> new Networks<>());
        for (ByServerName names : destinations.of(m.prefixRanges(), ByServerName::new)) {
            for (String name : orAny(m.serverNames())) {
                ByProtocol protocols = names.computeIfAbsent(name, k -> new ByTransport())
                        .computeIfAbsent(m.transportProtocol(), k -> new ByProtocol());
                for (String protocol : orAny(m.applicationProtocols())) {
                    addSources(chain, protocols.computeIfAbsent(protocol, k -> new Networks<>()));
                }
            }
        }
    }

    private static void addSources(FilterChain chain, Networks<BySourceType> directSources) {
        FilterChainMatch m = chain.match();
        for (BySourceType types : directSources.of(m.directSourcePrefixRanges(), BySourceType::new)) {
            Networks<BySourcePort> sources = types.computeIfAbsent(m.sourceType(), k -> new Networks<>());
            for (BySourcePort ports : sources.of(m.sourcePrefixRanges(), BySourcePort::new)) {
                for (int port : m.sourcePorts().isEmpty() ? List.of(0) : m.sourcePorts()) {
                    FilterChain other = ports.putIfAbsent(port, chain);
                    if (other != null) {
                        throw new Duplicate(other, chain);
                    }
                }
            }
        }
    }

    private static List<String> orAny(List<String> values) {
        return values.isEmpty() ? List.of("") : values;
    }

    /** The chain for a connection, or null when there is none. */
    @Nullable
    FilterChain find(ConnectionInfo connection) {
        if (only != null) {
            return only;
        }
        if (matcher != null) {
            String name = matcher.find(connection);
            return name == null ? byDefault : named.get(name);
        }
        FilterChain found = search(connection);
        return found == null ? byDefault : found;
    }

    private @Nullable FilterChain search(ConnectionInfo c) {
        InetSocketAddress local = c.localAddress;
        Networks<ByServerName> destinations = orAny(index, local == null ? 0 : local.getPort(), 0);
        ByServerName names = destinations == null ? null : destinations.find(ip(local));
        ByTransport transports = names == null ? null : byName(names, c.requestedServerName);
        ByProtocol protocols = transports == null ? null : orAny(transports, c.transportProtocol(), "");
        Networks<BySourceType> direct = protocols == null ? null : byProtocol(protocols, c.applicationProtocols);
        BySourceType types = direct == null ? null : direct.find(ip(c.directRemoteAddress));
        Networks<BySourcePort> sources = types == null ? null : byType(types, c);
        BySourcePort ports = sources == null ? null : sources.find(ip(c.remoteAddress));
        return ports == null ? null : orAny(ports, c.remoteAddress == null ? 0 : c.remoteAddress.getPort(), 0);
    }

    private static @Nullable InetAddress ip(@Nullable InetSocketAddress address) {
        return address == null ? null : address.getAddress();
    }

    private static <K, V> @Nullable V orAny(Map<K, V> map, K key, K any) {
        V exact = map.get(key);
        return exact == null ? map.get(any) : exact;
    }

    private static @Nullable ByTransport byName(ByServerName names, @Nullable String name) {
        if (name != null && !name.isEmpty()) {
            ByTransport found = names.get(name);
            // Domains from the longest on; the name itself has at least one character before the first dot.
            for (int dot = name.indexOf('.', 1); found == null && dot >= 0; dot = name.indexOf('.', dot + 1)) {
                found = names.get(name.substring(dot));
            }
            if (found != null) {
                return found;
            }
        }
        return names.get("");
    }

    private static @Nullable Networks<BySourceType> byProtocol(ByProtocol protocols, List<String> offered) {
        for (String protocol : offered) {
            Networks<BySourceType> found = protocols.get(protocol);
            if (found != null) {
                return found;
            }
        }
        return protocols.get("");
    }

    private static @Nullable Networks<BySourcePort> byType(BySourceType types, ConnectionInfo c) {
        if (types.size() > 1 || !types.containsKey(SourceType.ANY)) {
            SourceType type = isLocal(c) ? SourceType.SAME_IP_OR_LOOPBACK : SourceType.EXTERNAL;
            Networks<BySourcePort> found = types.get(type);
            if (found != null) {
                return found;
            }
        }
        return types.get(SourceType.ANY);
    }

    private static boolean isLocal(ConnectionInfo c) {
        InetAddress remote = ip(c.remoteAddress);
        return remote == null || OwnAddress.isLoopback(remote) || remote.equals(ip(c.localAddress));
    }
}
