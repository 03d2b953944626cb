package dev.mishap.control.base;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.UInt32Value;
import dev.mishap.clusters.fault.v1.ClusterFault;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.ResourceLayer;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.control.xds.ViewUpdate;
import dev.mishap.filters.http.fault.v1.HttpFault;
import dev.mishap.filters.network.fault.v1.NetworkFault;
import dev.mishap.rules.v1.DiscoveredRules;
import dev.mishap.rules.v1.RuleSet;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.config.listener.v3.ApiListener;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds;
import io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CommonTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * A base of our own: for each dependency a listener, its routes and a cluster, with fault filters that do nothing until a rule needs them.
 * Envoys and our proxies listen on sockets; gRPC clients ask for the dependency by its name.
 */
public final class Templates implements BaseConfig {
    private static final String FAULT = "envoy.filters.http.fault";
    private static final String ROUTER = "envoy.filters.http.router";
    private static final String MANAGER = "envoy.filters.network.http_connection_manager";
    private static final ConfigSource ADS = ConfigSource.newBuilder()
            .setAds(AggregatedConfigSource.getDefaultInstance())
            .setResourceApiVersion(ApiVersion.V3)
            .build();

    /** The node metadata that say on which address of its own a node listens, where several share a machine. */
    public static final String LISTEN_FACT = "mishap.listen_address";

    private static final int MAX_ADDRESSES = 1000;
    private static final Pattern ADDRESS = Pattern.compile("[0-9a-fA-F.:]{2,45}");

    /**
     * Nodes that get the same.
     *
     * @param discovers whether clusters and DNS proxies can be told to discover rules
     * @param routeFilters whether faults of routes need filters of their own to end by themselves
     */
    private record Variant(NodeKind kind, String address, boolean discovers, boolean routeFilters) {}

    private final List<Dependency> dependencies;
    private final int faultFilters;
    private final Map<Variant, Base> bases = new ConcurrentHashMap<>();

    public Templates(List<Dependency> dependencies) {
        this(dependencies, FaultFilters.PER_LISTENER);
    }

    /** @param faultFilters how many fault filters each listener of an Envoy has */
    public Templates(List<Dependency> dependencies, int faultFilters) {
        this.dependencies = List.copyOf(dependencies);
        this.faultFilters = faultFilters;
    }

    @Override
    public Base of(NodeInfo node) {
        NodeKind kind = NodeKind.of(node);
        String address = kind == NodeKind.GRPC ? "" : node.facts().getOrDefault(LISTEN_FACT, "");
        // Whoever connects could make us keep any number of them.
        boolean known = bases.size() < MAX_ADDRESSES && ADDRESS.matcher(address).matches();
        return bases.computeIfAbsent(
                new Variant(
                        kind,
                        known ? address : "",
                        kind == NodeKind.MISHAP && NodeKind.discoversRules(node),
                        kind == NodeKind.ENVOY && NodeKind.needsRouteFilters(node)),
                this::make);
    }

    private Base make(Variant variant) {
        ResourceLayer layer = ResourceLayer.named("template of " + variant.kind() + ' ' + variant.address());
        ViewUpdate update = new ViewUpdate();
        for (Dependency dependency : dependencies) {
            if (variant.kind() == NodeKind.GRPC) {
                grpc(dependency, update);
            } else if (dependency.protocol() == Dependency.Protocol.DNS) {
                ResolverTemplate.put(
                        dependency, listen(dependency, variant), variant.kind(), variant.discovers(), update);
            } else {
                proxy(dependency, variant, update);
            }
        }
        layer.update(update);
        return new Base(layer);
    }

    @Override
    public boolean mayInsert() {
        return false;
    }

    @Override
    public String describe() {
        return "templates, " + dependencies.size() + (dependencies.size() == 1 ? " dependency" : " dependencies");
    }

    @Override
    public void close() {}

    private void proxy(Dependency dependency, Variant variant, ViewUpdate update) {
        String name = dependency.name();
        FilterChain.Builder chain = FilterChain.newBuilder();
        if (variant.kind() == NodeKind.MISHAP) {
            chain.addFilters(FaultFilters.connectionRules(name));
            update.put(FaultFilters.config(FaultFilters.connectionRulesName(name), NetworkFault.getDefaultInstance()));
        }
        if (dependency.protocol() == Dependency.Protocol.TCP) {
            chain.addFilters(filter(
                    "envoy.filters.network.tcp_proxy",
                    TcpProxy.newBuilder().setStatPrefix(name).setCluster(name).build()));
        } else {
            if (variant.kind() == NodeKind.MISHAP) {
                chain.addFilters(filter(MANAGER, manager(name, List.of(FaultFilters.rules(name)))));
                update.put(FaultFilters.config(FaultFilters.rulesName(name), HttpFault.getDefaultInstance()));
            } else {
                List<HttpFilter> faults = new ArrayList<>(FaultFilters.of(name, faultFilters));
                if (variant.routeFilters()) {
                    faults.addAll(FaultFilters.ofRoutes(name, faultFilters));
                }
                chain.addFilters(filter(MANAGER, manager(name, faults)));
                faults.forEach(filter -> update.put(FaultFilters.nothing(filter.getName())));
            }
            update.put(Resource.of(routes(name)));
        }
        update.put(Resource.of(Listener.newBuilder()
                .setName(name)
                .setAddress(address(listen(dependency, variant)))
                .addFilterChains(chain)
                .build()));
        Cluster.Builder cluster = cluster(dependency)
                .setType(
                        dependency.endpoints().get(0).isAddress()
                                ? Cluster.DiscoveryType.STATIC
                                : Cluster.DiscoveryType.STRICT_DNS)
                .setLoadAssignment(assignment(dependency));
        if (variant.discovers()) {
            DiscoveredRules rules = FaultFilters.clusterRules(name);
            cluster.putTypedExtensionProtocolOptions(
                    "mishap.clusters.fault",
                    Any.pack(ClusterFault.newBuilder().setDiscovered(rules).build()));
            update.put(FaultFilters.config(rules.getName(), RuleSet.getDefaultInstance()));
        }
        update.put(Resource.of(cluster.build()));
    }

    private static Dependency.HostPort listen(Dependency dependency, Variant variant) {
        return variant.address().isEmpty()
                ? dependency.listen()
                : new Dependency.HostPort(variant.address(), dependency.listen().port());
    }

    private static void grpc(Dependency dependency, ViewUpdate update) {
        String name = dependency.name();
        if (!dependency.protocol().isHttp()) {
            return;
        }
        HttpFilter fault = HttpFilter.newBuilder()
                .setName(FAULT)
                .setTypedConfig(Any.pack(HTTPFault.getDefaultInstance()))
                .build();
        update.put(Resource.of(Listener.newBuilder()
                .setName(name)
                .setApiListener(ApiListener.newBuilder().setApiListener(Any.pack(manager(name, List.of(fault)))))
                .build()));
        update.put(Resource.of(routes(name)));
        Cluster.Builder cluster = cluster(dependency);
        if (dependency.endpoints().get(0).isAddress()) {
            cluster.setType(Cluster.DiscoveryType.EDS)
                    .setEdsClusterConfig(Cluster.EdsClusterConfig.newBuilder().setEdsConfig(ADS));
            update.put(
                    Resource.of(TypeUrls.ENDPOINT, name, assignment(dependency).toByteString()));
        } else {
            cluster.setType(Cluster.DiscoveryType.LOGICAL_DNS).setLoadAssignment(assignment(dependency));
        }
        update.put(Resource.of(cluster.build()));
    }

    private static HttpConnectionManager manager(String name, List<HttpFilter> faults) {
        List<HttpFilter> filters = new ArrayList<>(faults);
        filters.add(HttpFilter.newBuilder()
                .setName(ROUTER)
                .setTypedConfig(Any.pack(Router.getDefaultInstance()))
                .build());
        return HttpConnectionManager.newBuilder()
                .setStatPrefix(name)
                .setRds(Rds.newBuilder().setRouteConfigName(name).setConfigSource(ADS))
                .addAllHttpFilters(filters)
                .build();
    }

    /** gRPC clients match a target of {@code xds:///name} by that authority, so any is taken. No time-out: the caller has one. */
    private static RouteConfiguration routes(String name) {
        return RouteConfiguration.newBuilder()
                .setName(name)
                .addVirtualHosts(VirtualHost.newBuilder()
                        .setName(name)
                        .addDomains("*")
                        .addRoutes(Route.newBuilder()
                                .setName(name)
                                .setMatch(RouteMatch.newBuilder().setPrefix("/"))
                                .setRoute(RouteAction.newBuilder()
                                        .setCluster(name)
                                        .setTimeout(Duration.getDefaultInstance()))))
                .build();
    }

    static Cluster.Builder cluster(Dependency dependency) {
        Cluster.Builder cluster = Cluster.newBuilder()
                .setName(dependency.name())
                .setConnectTimeout(Duration.newBuilder().setSeconds(5));
        if (dependency.protocol() == Dependency.Protocol.HTTP2 || dependency.protocol() == Dependency.Protocol.GRPC) {
            cluster.putTypedExtensionProtocolOptions(
                    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                    Any.pack(HttpProtocolOptions.newBuilder()
                            .setExplicitHttpConfig(HttpProtocolOptions.ExplicitHttpConfig.newBuilder()
                                    .setHttp2ProtocolOptions(Http2ProtocolOptions.getDefaultInstance()))
                            .build()));
        }
        Dependency.Tls tls = dependency.tls();
        if (tls != null) {
            cluster.setTransportSocket(TransportSocket.newBuilder()
                    .setName("envoy.transport_sockets.tls")
                    .setTypedConfig(Any.pack(UpstreamTlsContext.newBuilder()
                            .setSni(tls.serverName())
                            .setCommonTlsContext(CommonTlsContext.newBuilder().setValidationContext(validation(tls)))
                            .build())));
        }
        return cluster;
    }

    private static CertificateValidationContext validation(Dependency.Tls tls) {
        return CertificateValidationContext.newBuilder()
                .setTrustedCa(DataSource.newBuilder().setFilename(tls.ca()))
                .addMatchTypedSubjectAltNames(SubjectAltNameMatcher.newBuilder()
                        .setSanType(SubjectAltNameMatcher.SanType.DNS)
                        .setMatcher(StringMatcher.newBuilder().setExact(tls.serverName())))
                .build();
    }

    static ClusterLoadAssignment assignment(Dependency dependency) {
        LocalityLbEndpoints.Builder endpoints = LocalityLbEndpoints.newBuilder()
                // gRPC clients pass over endpoints without a locality and a weight.
                .setLocality(Locality.newBuilder().setRegion("default"))
                .setLoadBalancingWeight(UInt32Value.of(1));
        for (Dependency.HostPort endpoint : dependency.endpoints()) {
            endpoints.addLbEndpoints(
                    LbEndpoint.newBuilder().setEndpoint(Endpoint.newBuilder().setAddress(address(endpoint))));
        }
        return ClusterLoadAssignment.newBuilder()
                .setClusterName(dependency.name())
                .addEndpoints(endpoints)
                .build();
    }

    private static Address address(Dependency.HostPort at) {
        return address(at, SocketAddress.Protocol.TCP);
    }

    static Address address(Dependency.HostPort at, SocketAddress.Protocol protocol) {
        return Address.newBuilder()
                .setSocketAddress(SocketAddress.newBuilder()
                        .setProtocol(protocol)
                        .setAddress(at.host())
                        .setPortValue(at.port()))
                .build();
    }

    static Filter filter(String name, Message config) {
        return Filter.newBuilder()
                .setName(name)
                .setTypedConfig(Any.pack(config))
                .build();
    }
}
