package dev.mishap.proxy.standalone;

import dev.mishap.proxy.standalone.StandaloneOptions.HostPort;

/** The bootstrap that a person would write to get what {@code mishap standalone} does; it is loaded like any other. */
final class StandaloneBootstrap {
    /** The listener's name, which rules can be scoped to, and its stat prefix. */
    static final String LISTENER = "standalone";

    static final String CLUSTER = "upstream";

    private StandaloneBootstrap() {}

    static String yaml(StandaloneOptions options) {
        HostPort upstream = options.upstream();
        StringBuilder y = new StringBuilder(2048);
        if (options.admin() != null) {
            y.append("admin: {address: ").append(socket(options.admin())).append("}\n");
        }
        y.append("static_resources:\n  listeners:\n  - name: ").append(LISTENER);
        y.append("\n    address: ").append(socket(options.listen()));
        y.append("""

                    filter_chains:
                    - filters:
                      - name: envoy.filters.network.http_connection_manager
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                          stat_prefix: standalone
                          server_header_transformation: PASS_THROUGH
                          stream_idle_timeout: 0s
                          route_config:
                            name: standalone
                            virtual_hosts:
                            - name: upstream
                              domains: ["*"]
                              routes:
                              - match: {prefix: "/"}
                                route: {cluster: upstream, timeout: %ss}
                          http_filters:
                          - name: envoy.filters.http.router
                            typed_config:
                              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                              suppress_envoy_headers: true
                """.formatted(seconds(options.timeoutMillis())));
        if (options.accessLog() != null) {
            boolean stdout = options.accessLog().equals("-");
            y.append("          access_log:\n          - name: log\n            typed_config:\n");
            y.append("              \"@type\": type.googleapis.com/envoy.extensions.access_loggers.")
                    .append(stdout ? "stream.v3.StdoutAccessLog" : "file.v3.FileAccessLog")
                    .append('\n');
            if (!stdout) {
                y.append("              path: ")
                        .append(quoted(options.accessLog()))
                        .append('\n');
            }
            y.append("              log_format: {text_format_source: {inline_string: ")
                    .append(quoted(LOG_FORMAT))
                    .append("}}\n");
        }
        y.append("  clusters:\n  - name: ").append(CLUSTER);
        y.append("\n    type: ").append(isAddress(upstream.host()) ? "STATIC" : "STRICT_DNS");
        y.append("""

                    connect_timeout: 5s
                    circuit_breakers: {thresholds: [{max_connections: 100000, max_pending_requests: 100000, max_requests: 100000, max_retries: 3}]}
                    load_assignment:
                      cluster_name: upstream
                      endpoints: [{lb_endpoints: [{endpoint: {address: %s}}]}]
                """.formatted(socket(upstream)));
        return y.toString();
    }

    private static final String LOG_FORMAT =
            "[%START_TIME%] \"%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%\" %RESPONSE_CODE% "
                    + "%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %DYNAMIC_METADATA(mishap:rule)%\n";

    /** Whether a host is an IP address, which needs no resolver. */
    static boolean isAddress(String host) {
        return io.netty.util.NetUtil.isValidIpV4Address(host) || io.netty.util.NetUtil.isValidIpV6Address(host);
    }

    private static String socket(HostPort address) {
        return "{socket_address: {address: " + quoted(address.host()) + ", port_value: " + address.port() + "}}";
    }

    private static String seconds(long millis) {
        return millis / 1000 + "." + String.valueOf(1000 + millis % 1000).substring(1);
    }

    /** A YAML double-quoted scalar. */
    private static String quoted(String text) {
        StringBuilder q = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                q.append('\\').append(c);
            } else if (c == '\n') {
                q.append("\\n");
            } else if (c < ' ') {
                q.append(String.format("\\x%02x", (int) c));
            } else {
                q.append(c);
            }
        }
        return q.append('"').toString();
    }
}
