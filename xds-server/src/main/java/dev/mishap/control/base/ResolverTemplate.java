package dev.mishap.control.base;

import com.github.xds.core.v3.TypedExtensionConfig;
import com.github.xds.type.matcher.v3.Matcher;
import com.google.protobuf.Any;
import com.google.protobuf.Message;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.ViewUpdate;
import dev.mishap.filters.udp.dns.v1.DnsProxy;
import dev.mishap.rules.v1.DiscoveredRules;
import dev.mishap.rules.v1.RuleSet;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.listener.v3.ListenerFilter;
import io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy;
import io.envoyproxy.envoy.extensions.filters.udp.udp_proxy.v3.Route;
import io.envoyproxy.envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig;

/**
 * The base of a dependency that is a resolver: two listeners at one address, for UDP and TCP. Our own proxy understands the questions;
 * an Envoy passes datagrams and bytes on.
 */
final class ResolverTemplate {
    /** What the name of the listener for TCP ends with. */
    private static final String TCP = "-tcp";

    private ResolverTemplate() {}

    static void put(
            Dependency dependency, Dependency.HostPort listen, NodeKind kind, boolean discovers, ViewUpdate update) {
        String name = dependency.name();
        Message datagrams;
        Message bytes;
        if (kind == NodeKind.MISHAP) {
            DnsProxy.Builder proxy = DnsProxy.newBuilder().setStatPrefix(name);
            dependency
                    .endpoints()
                    .forEach(resolver -> proxy.addUpstreams(Templates.address(resolver, SocketAddress.Protocol.UDP)));
            if (discovers) {
                DiscoveredRules rules = FaultFilters.questionRules(name);
                proxy.setDiscovered(rules);
                update.put(FaultFilters.config(rules.getName(), RuleSet.getDefaultInstance()));
            }
            datagrams = proxy.build();
            bytes = datagrams;
        } else {
            datagrams = passing(name);
            bytes = TcpProxy.newBuilder().setStatPrefix(name).setCluster(name).build();
            update.put(Resource.of(Templates.cluster(dependency)
                    .setType(Cluster.DiscoveryType.STATIC)
                    .setLoadAssignment(Templates.assignment(dependency))
                    .build()));
        }
        boolean ours = kind == NodeKind.MISHAP;
        update.put(Resource.of(Listener.newBuilder()
                .setName(name)
                .setAddress(Templates.address(listen, SocketAddress.Protocol.UDP))
                .addListenerFilters(ListenerFilter.newBuilder()
                        .setName(ours ? "mishap.filters.udp.dns_proxy" : "envoy.filters.udp_listener.udp_proxy")
                        .setTypedConfig(Any.pack(datagrams)))
                .build()));
        update.put(Resource.of(Listener.newBuilder()
                .setName(name + TCP)
                .setAddress(Templates.address(listen, SocketAddress.Protocol.TCP))
                .addFilterChains(FilterChain.newBuilder()
                        .addFilters(Templates.filter(
                                ours ? "mishap.filters.network.dns_proxy" : "envoy.filters.network.tcp_proxy", bytes)))
                .build()));
    }

    private static UdpProxyConfig passing(String cluster) {
        return UdpProxyConfig.newBuilder()
                .setStatPrefix(cluster)
                .setMatcher(Matcher.newBuilder()
                        .setOnNoMatch(Matcher.OnMatch.newBuilder()
                                .setAction(TypedExtensionConfig.newBuilder()
                                        .setName("route")
                                        .setTypedConfig(Any.pack(Route.newBuilder()
                                                .setCluster(cluster)
                                                .build())))))
                .build();
    }
}
