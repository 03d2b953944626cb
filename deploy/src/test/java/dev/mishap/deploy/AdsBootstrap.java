package dev.mishap.deploy;

/** What bootstraps of proxies that ask a management server have in common. */
final class AdsBootstrap {
    /** Of a proxy that asks the server {@code control} at {@code ${xds}} for clusters and listeners, by ADS of the kind {@code ${api}}. */
    static final String CLUSTERS_AND_LISTENERS = """
            admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${admin} } } }
            node: { id: it-node, cluster: it }
            dynamic_resources:
              ads_config:
                api_type: ${api}
                transport_api_version: V3
                grpc_services: [ { envoy_grpc: { cluster_name: control } } ]
              cds_config: { resource_api_version: V3, ads: {} }
              lds_config: { resource_api_version: V3, ads: {} }
            static_resources:
              clusters:
            """ + server("control", "${xds}");

    private AdsBootstrap() {}

    /** An entry of {@code static_resources.clusters}: a server of gRPC on this machine. */
    static String server(String name, String port) {
        return """
                    - name: ${name}
                      type: STATIC
                      connect_timeout: 1s
                      typed_extension_protocol_options:
                        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                          explicit_http_config: { http2_protocol_options: {} }
                      load_assignment:
                        cluster_name: ${name}
                        endpoints:
                          - lb_endpoints:
                              - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${port} } } }
                """.replace("${name}", name).replace("${port}", port);
    }
}
