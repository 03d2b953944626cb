package dev.mishap.control.serve;

import java.util.Locale;

/** Bootstraps that make a client one of this server. */
public final class Bootstraps {
    /** Whose bootstrap. */
    public enum Client {
        ENVOY,
        MISHAP,
        GRPC;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private Bootstraps() {}

    /**
     * A bootstrap, ready to be written to a file.
     *
     * @param host of the xDS server as the client reaches it
     * @param service what rules call it; {@code node.cluster}
     * @param node unique in the fleet; {@code node.id}
     * @param delta whether the stream is incremental; gRPC clients have no such choice
     */
    public static String of(Client client, String host, int port, String service, String node, boolean delta) {
        return client == Client.GRPC ? grpc(host, port, service, node) : envoy(host, port, service, node, delta);
    }

    private static String grpc(String host, int port, String service, String node) {
        return """
                {
                  "xds_servers": [{
                    "server_uri": "%s:%d",
                    "channel_creds": [{"type": "insecure"}],
                    "server_features": ["xds_v3"]
                  }],
                  "node": {"id": "%s", "cluster": "%s"}
                }
                """.formatted(host, port, node, service);
    }

    /** Our proxy takes the same. The runtime layer is the switch that faults of routes are behind, which goes off by itself without us. */
    private static String envoy(String host, int port, String service, String node, boolean delta) {
        return """
                node:
                  id: %s
                  cluster: %s
                  metadata: {mishap: {runtime_layer: mishap}}
                dynamic_resources:
                  ads_config:
                    api_type: %s
                    transport_api_version: V3
                    set_node_on_first_message_only: true
                    grpc_services: [{envoy_grpc: {cluster_name: mishap-control}}]
                  lds_config: {ads: {}, resource_api_version: V3}
                  cds_config: {ads: {}, resource_api_version: V3}
                layered_runtime:
                  layers:
                  - name: mishap
                    rtds_layer: {name: mishap, rtds_config: {ads: {}, resource_api_version: V3}}
                  - name: admin
                    admin_layer: {}
                static_resources:
                  clusters:
                  - name: mishap-control
                    type: STRICT_DNS
                    connect_timeout: 5s
                    typed_extension_protocol_options:
                      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                        explicit_http_config:
                          http2_protocol_options: {connection_keepalive: {interval: 30s, timeout: 5s}}
                    load_assignment:
                      cluster_name: mishap-control
                      endpoints:
                      - lb_endpoints:
                        - endpoint: {address: {socket_address: {address: %s, port_value: %d}}}
                admin:
                  address: {socket_address: {address: 127.0.0.1, port_value: 9901}}
                """.formatted(node, service, delta ? "DELTA_GRPC" : "GRPC", host, port);
    }
}
