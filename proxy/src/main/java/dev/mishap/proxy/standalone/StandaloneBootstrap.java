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
        if (options.protocol() == StandaloneOptions.Protocol.DNS) {
            return y.append(dns(options)).toString();
        }
        y.append("static_resources:\n  listeners:\n  - name: ").append(LISTENER);
        y.append("\n    address: ").append(socket(options.listen()));
        y.append("\n    filter_chains:\n    - filters:\n");
        y.append(options.protocol() == StandaloneOptions.Protocol.TCP ? TCP : http(options));
        log(options, y);
        y.append("  clusters:\n  - name: ").append(CLUSTER);
        y.append("\n    type: ").append(isAddress(upstream.host()) ? "STATIC" : "STRICT_DNS");
        y.append("""

                    connect_timeout: 5s
                    circuit_breakers: {thresholds: [{max_connections: 100000, max_pending_requests: 100000, max_requests: 100000, max_retries: 3}]}
                    load_assignment:
                      cluster_name: upstream
                      endpoints: [{lb_endpoints: [{endpoint: {address: %s}}]}]
                """.formatted(socket(upstream)));
        if (options.protocol() == StandaloneOptions.Protocol.HTTPS) {
            y.append(tls(options));
        }
        return y.toString();
    }

    /** The name of the listener of DNS over TCP. */
    static final String TCP_LISTENER = "standalone-tcp";

    private static String dns(StandaloneOptions options) {
        StringBuilder config = new StringBuilder(
                "{\"@type\": type.googleapis.com/mishap.filters.udp.dns.v1.DnsProxy," + " stat_prefix: standalone");
        if (options.timeoutMillis() > 0) {
            config.append(", timeout: ")
                    .append(seconds(options.timeoutMillis()))
                    .append('s');
        }
        config.append(", upstreams: [");
        String separator = "";
        for (HostPort resolver : options.resolvers()) {
            config.append(separator).append(socket(resolver));
            separator = ", ";
        }
        config.append(']');
        String log = options.accessLog();
        if (log != null) {
            config.append(
                            ", access_log: [{name: log, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.")
                    .append(
                            log.equals("-")
                                    ? "stream.v3.StdoutAccessLog"
                                    : "file.v3.FileAccessLog, path: " + quoted(log))
                    .append(", log_format: {text_format_source: {inline_string: ")
                    .append(quoted(DNS_LOG_FORMAT))
                    .append("}}}}]");
        }
        config.append('}');
        HostPort listen = options.listen();
        return """
                static_resources:
                  listeners:
                  - name: %s
                    address: {socket_address: {protocol: UDP, address: %s, port_value: %d}}
                    listener_filters:
                    - {name: mishap.filters.udp.dns_proxy, typed_config: %s}
                  - name: %s
                    address: %s
                    filter_chains: [{filters: [{name: mishap.filters.network.dns_proxy, typed_config: %s}]}]
                """.formatted(
                        LISTENER, quoted(listen.host()), listen.port(), config, TCP_LISTENER, socket(listen), config);
    }

    private static final String DNS_LOG_FORMAT = "[%START_TIME%] %DOWNSTREAM_REMOTE_ADDRESS% %PROTOCOL% %QUERY_NAME%"
            + " %QUERY_TYPE% %RESPONSE_CODE% %ANSWER_COUNT% %RESPONSE_FLAGS% %DURATION% %UPSTREAM_HOST%"
            + " %DYNAMIC_METADATA(mishap:rule)%\n";

    private static final String TCP = """
                  - name: envoy.filters.network.tcp_proxy
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                      stat_prefix: standalone
                      cluster: upstream
            """;

    private static String http(StandaloneOptions options) {
        boolean https = options.protocol() == StandaloneOptions.Protocol.HTTPS;
        // A dependency that others reach by its name is asked by that name; elsewhere the client's own stays.
        String host = https ? ", host_rewrite_literal: " + quoted(authority(options.upstream())) : "";
        return """
                  - name: envoy.filters.network.http_connection_manager
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: standalone
                      server_header_transformation: PASS_THROUGH
                      stream_idle_timeout: 0s
                      upgrade_configs: [{upgrade_type: websocket}]
                      route_config:
                        name: standalone
                        virtual_hosts:
                        - name: upstream
                          domains: ["*"]
                          routes:
                          - match: {prefix: "/"}
                            route: {cluster: upstream, timeout: %ss%s}
                      http_filters:
                      - name: envoy.filters.http.router
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                          suppress_envoy_headers: true
            """.formatted(seconds(options.timeoutMillis()), host);
    }

    private static String authority(HostPort upstream) {
        return upstream.port() == 443 ? upstream.toString().replaceFirst(":443$", "") : upstream.toString();
    }

    private static String tls(StandaloneOptions options) {
        String host = options.upstream().host();
        String sni = isAddress(host) ? "" : "          sni: " + quoted(host) + "\n";
        String san = isAddress(host) ? "IP_ADDRESS" : "DNS";
        String checks = options.insecure()
                ? ""
                : "            validation_context: {system_root_certs: {}, match_typed_subject_alt_names: [{san_type: "
                        + san + ", matcher: {exact: " + quoted(host) + "}}]}\n";
        return "    transport_socket:\n      name: envoy.transport_sockets.tls\n      typed_config:\n"
                + "          \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext\n"
                + sni + "          common_tls_context:\n            alpn_protocols: [http/1.1]\n" + checks;
    }

    private static void log(StandaloneOptions options, StringBuilder y) {
        if (options.accessLog() == null) {
            return;
        }
        boolean stdout = options.accessLog().equals("-");
        boolean tcp = options.protocol() == StandaloneOptions.Protocol.TCP;
        y.append("          access_log:\n          - name: log\n            typed_config:\n");
        y.append("              \"@type\": type.googleapis.com/envoy.extensions.access_loggers.")
                .append(stdout ? "stream.v3.StdoutAccessLog" : "file.v3.FileAccessLog")
                .append('\n');
        if (!stdout) {
            y.append("              path: ").append(quoted(options.accessLog())).append('\n');
        }
        y.append("              log_format: {text_format_source: {inline_string: ")
                .append(quoted(tcp ? TCP_LOG_FORMAT : LOG_FORMAT))
                .append("}}\n");
    }

    private static final String TCP_LOG_FORMAT = "[%START_TIME%] %DOWNSTREAM_REMOTE_ADDRESS% %RESPONSE_FLAGS% "
            + "%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %CONNECTION_TERMINATION_DETAILS% %DYNAMIC_METADATA(mishap:rule)%\n";

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
