package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** gRPC's own client and server through a proxy: every kind of call, deadlines, failures and faults. The real Envoy goes through the same. */
@Timeout(120)
class GrpcIT {
    /** Also {@link GrpcJavaIT}'s. */
    static final String CONFIGURATION = """
            admin: {address: {socket_address: {address: 127.0.0.1, port_value: ${admin}}}}
            static_resources:
              listeners:
              - name: in
                address: {socket_address: {address: 127.0.0.1, port_value: ${listener}}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.http_connection_manager
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: t
                      route_config:
                        virtual_hosts:
                        - {name: v, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: u, timeout: 30s}}]}
                      http_filters:
                      - name: envoy.filters.http.fault
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
                          abort: {header_abort: {}, percentage: {numerator: 100}}
                      - name: envoy.filters.http.router
                        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
              clusters:
              - name: u
                connect_timeout: 5s
                load_assignment:
                  cluster_name: u
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${upstream}}}}}]}]
                typed_extension_protocol_options:
                  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                    "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                    explicit_http_config: {http2_protocol_options: {}}
            """;

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(ProxyProcess.Kind.class)
    void everyKindOfCallGoesThrough(ProxyProcess.Kind kind) throws IOException {
        kind.need();
        Tools.need("python3", "-c", "import grpc");
        String listener = Integer.toString(ProxyProcess.freePort());
        String upstream = Integer.toString(ProxyProcess.freePort());
        String configuration = CONFIGURATION.replace("${listener}", listener).replace("${upstream}", upstream);
        try (ProxyProcess proxy = new ProxyProcess(kind, directory, configuration)) {
            Path script = Tools.root().resolve("deploy/src/test/python/grpc_check.py");
            Tools.Result result = Tools.run(directory, 90, List.of("python3", script.toString(), upstream, listener));
            assertThat(result.err() + result.out()).contains("all calls went well");
            assertThat(result.exit()).isZero();
            assertThat(proxy.stat("cluster.u.upstream_cx_http2_total")).isPositive();
            assertThat(proxy.stat("http.t.downstream_rq_active")).isZero();
            assertThat(proxy.stat("cluster.u.upstream_rq_active")).isZero();
            assertThat(proxy.leaks()).isEmpty();
        }
    }
}
