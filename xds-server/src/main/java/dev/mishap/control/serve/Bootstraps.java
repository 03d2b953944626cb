package dev.mishap.control.serve;

import dev.mishap.control.xds.rest.RestDiscovery;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

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

    /** How an Envoy or our proxy asks; the names are Envoy's. gRPC clients have no such choice. */
    public enum ApiType {
        DELTA_GRPC,
        GRPC,
        REST
    }

    /** What clients need to reach the server. */
    public enum Tls {
        NONE,
        /** The server has a certificate. */
        SERVER,
        /** So must the client. */
        MUTUAL
    }

    private static final String CA = "/etc/mishap/ca.pem";
    private static final String CERTIFICATE = "/etc/mishap/node.pem";
    private static final String KEY = "/etc/mishap/node.key";
    private static final JsonMapper JSON = new JsonMapper();
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z][A-Za-z0-9._/-]*|[0-9]+([.][0-9]+){3}");
    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|.*:.*");
    private static final Set<String> WORDS = Set.of("true", "false", "yes", "no", "on", "off", "y", "n", "null");

    private Bootstraps() {}

    /**
     * A bootstrap, ready to be written to a file.
     *
     * @param host of the xDS server as the client reaches it
     * @param service what rules call it; {@code node.cluster}
     * @param node unique in the fleet; {@code node.id}
     * @param api how the client asks
     * @param tls how the server is reached; the files of a client are named, not made
     */
    public static String of(Client client, String host, int port, String service, String node, ApiType api, Tls tls) {
        return client == Client.GRPC
                ? grpc(host, port, service, node, tls)
                : envoy(host, port, service, node, api, tls);
    }

    private static String grpc(String host, int port, String service, String node, Tls tls) {
        String credentials = switch (tls) {
            case NONE -> """
                            {"type": "insecure"}""";
            case SERVER -> """
                            {"type": "tls", "config": {"ca_certificate_file": "%s"}}""".formatted(CA);
            case MUTUAL -> """
                            {"type": "tls", "config": {"ca_certificate_file": "%s", "certificate_file": "%s", \
                            "private_key_file": "%s"}}""".formatted(CA, CERTIFICATE, KEY);
        };
        return """
                {
                  "xds_servers": [{
                    "server_uri": "%s:%d",
                    "channel_creds": [%s],
                    "server_features": ["xds_v3"]
                  }],
                  "node": {"id": %s, "cluster": %s}
                }
                """.formatted(host, port, credentials, quoted(node), quoted(service));
    }

    private static String quoted(String text) {
        return JSON.writeValueAsString(text);
    }

    /** As a value of YAML: numbers, words that mean something and signs are quoted. */
    private static String yaml(String text) {
        return PLAIN.matcher(text).matches() && !WORDS.contains(text.toLowerCase(Locale.ROOT)) ? text : quoted(text);
    }

    /** The name is checked, too: a certificate of the same authority is not enough. */
    private static String transportSocket(String host, Tls tls) {
        if (tls == Tls.NONE) {
            return "";
        }
        String own = tls == Tls.SERVER
                ? ""
                : "          tls_certificates: [{certificate_chain: {filename: %s}, private_key: {filename: %s}}]\n"
                        .formatted(CERTIFICATE, KEY);
        boolean address = ADDRESS.matcher(host).matches();
        return """
                    transport_socket:    # the files are those of the client's machine
                      name: envoy.transport_sockets.tls
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
                %s        common_tls_context:
                %s          validation_context:
                            trusted_ca: {filename: %s}
                            match_typed_subject_alt_names: [{san_type: %s, matcher: {exact: %s}}]
                """.formatted(
                        address ? "" : "        sni: " + yaml(host) + "\n",
                        own,
                        CA,
                        address ? "IP_ADDRESS" : "DNS",
                        quoted(host));
    }

    /** Our proxy takes the same. The runtime layer is the switch that faults of routes are behind, which goes off by itself without us. */
    private static String envoy(String host, int port, String service, String node, ApiType api, Tls tls) {
        boolean polls = api == ApiType.REST;
        String source = polls
                ? "{resource_api_version: V3, api_config_source: {api_type: REST, transport_api_version: V3,"
                        + " cluster_names: [mishap-control], refresh_delay: " + RestDiscovery.REFRESH
                        + ", request_timeout: 5s}}"
                : "{ads: {}, resource_api_version: V3}";
        String ads = polls ? "" : """
                  ads_config:
                    api_type: %s
                    transport_api_version: V3
                    set_node_on_first_message_only: true
                    grpc_services: [{envoy_grpc: {cluster_name: mishap-control}}]
                """.formatted(api);
        String http = polls ? "" : """
                    typed_extension_protocol_options:
                      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                        explicit_http_config:
                          http2_protocol_options: {connection_keepalive: {interval: 30s, timeout: 5s}}
                """;
        return """
                node:
                  id: %s
                  cluster: %s
                  metadata: {mishap: {runtime_layer: mishap%s}}
                dynamic_resources:
                %s  lds_config: %s
                  cds_config: %s
                layered_runtime:
                  layers:
                  - name: mishap
                    rtds_layer: {name: mishap, rtds_config: %s}
                  - name: admin
                    admin_layer: {}
                static_resources:
                  clusters:
                  - name: mishap-control
                    type: STRICT_DNS
                    connect_timeout: 5s
                %s%s    load_assignment:
                      cluster_name: mishap-control
                      endpoints:
                      - lb_endpoints:
                        - endpoint: {address: {socket_address: {address: %s, port_value: %d}}}
                admin:
                  address: {socket_address: {address: 127.0.0.1, port_value: 9901}}
                """.formatted(
                        yaml(node),
                        yaml(service),
                        polls ? ", rest_cluster: mishap-control" : "",
                        ads,
                        source,
                        source,
                        source,
                        http,
                        transportSocket(host, tls),
                        yaml(host),
                        port);
    }
}
