package dev.mishap.control.xds;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The streaming methods of the discovery services. Requests come as bytes, since how they are read depends on the stream. */
final class XdsMethods {
    /** @param typeUrl what the stream carries; null: any, which is ADS */
    record Method(
            MethodDescriptor<InputStream, WireResponse> descriptor,
            @Nullable String typeUrl,
            boolean delta) {}

    private static final MethodDescriptor.Marshaller<InputStream> AS_IT_CAME = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(InputStream value) {
            return value;
        }

        @Override
        public InputStream parse(InputStream stream) {
            return stream;
        }
    };

    private static final MethodDescriptor.Marshaller<WireResponse> PARTS = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(WireResponse value) {
            return value.stream();
        }

        @Override
        public WireResponse parse(InputStream stream) {
            throw new UnsupportedOperationException("a server does not read responses");
        }
    };

    static final List<Method> ALL = List.of(
            method("discovery.v3.AggregatedDiscoveryService", "StreamAggregatedResources", null, false),
            method("discovery.v3.AggregatedDiscoveryService", "DeltaAggregatedResources", null, true),
            method("listener.v3.ListenerDiscoveryService", "StreamListeners", TypeUrls.LISTENER, false),
            method("listener.v3.ListenerDiscoveryService", "DeltaListeners", TypeUrls.LISTENER, true),
            method("route.v3.RouteDiscoveryService", "StreamRoutes", TypeUrls.ROUTE, false),
            method("route.v3.RouteDiscoveryService", "DeltaRoutes", TypeUrls.ROUTE, true),
            method("route.v3.ScopedRoutesDiscoveryService", "StreamScopedRoutes", TypeUrls.SCOPED_ROUTE, false),
            method("route.v3.ScopedRoutesDiscoveryService", "DeltaScopedRoutes", TypeUrls.SCOPED_ROUTE, true),
            method("route.v3.VirtualHostDiscoveryService", "DeltaVirtualHosts", TypeUrls.VIRTUAL_HOST, true),
            method("cluster.v3.ClusterDiscoveryService", "StreamClusters", TypeUrls.CLUSTER, false),
            method("cluster.v3.ClusterDiscoveryService", "DeltaClusters", TypeUrls.CLUSTER, true),
            method("endpoint.v3.EndpointDiscoveryService", "StreamEndpoints", TypeUrls.ENDPOINT, false),
            method("endpoint.v3.EndpointDiscoveryService", "DeltaEndpoints", TypeUrls.ENDPOINT, true),
            method("secret.v3.SecretDiscoveryService", "StreamSecrets", TypeUrls.SECRET, false),
            method("secret.v3.SecretDiscoveryService", "DeltaSecrets", TypeUrls.SECRET, true),
            method("runtime.v3.RuntimeDiscoveryService", "StreamRuntime", TypeUrls.RUNTIME, false),
            method("runtime.v3.RuntimeDiscoveryService", "DeltaRuntime", TypeUrls.RUNTIME, true),
            method(
                    "extension.v3.ExtensionConfigDiscoveryService",
                    "StreamExtensionConfigs",
                    TypeUrls.EXTENSION_CONFIG,
                    false),
            method(
                    "extension.v3.ExtensionConfigDiscoveryService",
                    "DeltaExtensionConfigs",
                    TypeUrls.EXTENSION_CONFIG,
                    true));

    private XdsMethods() {}

    private static Method method(String service, String name, @Nullable String typeUrl, boolean delta) {
        MethodDescriptor<InputStream, WireResponse> descriptor = MethodDescriptor.newBuilder(AS_IT_CAME, PARTS)
                .setType(MethodType.BIDI_STREAMING)
                .setFullMethodName(MethodDescriptor.generateFullMethodName("envoy.service." + service, name))
                .build();
        return new Method(descriptor, typeUrl, delta);
    }
}
