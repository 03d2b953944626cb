package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a proxy sends to log, metrics and trace services and to statsd for the same requests: ours and Envoy's is the same. */
@Timeout(120)
class ObservabilityIT {
    private static final String CONFIGURATION = """
            node: {id: n1, cluster: c1}
            admin: {address: {socket_address: {address: 127.0.0.1, port_value: ${admin}}}}
            stats_flush_interval: 0.2s
            stats_sinks:
            - name: envoy.stat_sinks.metrics_service
              typed_config:
                "@type": type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig
                transport_api_version: V3
                emit_tags_as_labels: true
                grpc_service: {envoy_grpc: {cluster_name: grpc}}
            - name: envoy.stat_sinks.statsd
              typed_config:
                "@type": type.googleapis.com/envoy.config.metrics.v3.StatsdSink
                address: {socket_address: {protocol: UDP, address: 127.0.0.1, port_value: ${udp}}}
                prefix: one
            - name: envoy.stat_sinks.statsd
              typed_config:
                "@type": type.googleapis.com/envoy.config.metrics.v3.StatsdSink
                tcp_cluster_name: statsd
            layered_runtime:
              layers:
              - name: s
                static_layer: {tracing.opentelemetry.min_flush_spans: 1}
            static_resources:
              listeners:
              - name: http
                address: {socket_address: {address: 127.0.0.1, port_value: ${http}}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.http_connection_manager
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: one
                      tracing:
                        custom_tags: [{tag: lit, literal: {value: x}}]
                        provider:
                          name: envoy.tracers.opentelemetry
                          typed_config:
                            "@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig
                            service_name: svc
                            grpc_service: {envoy_grpc: {cluster_name: grpc}}
                      access_log:
                      - name: envoy.access_loggers.http_grpc
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig
                          common_config:
                            log_name: http-log
                            transport_api_version: V3
                            grpc_service: {envoy_grpc: {cluster_name: grpc}}
                            buffer_flush_interval: 0.1s
                            custom_tags: [{tag: t, request_header: {name: x-a, default_value: none}}]
                          additional_request_headers_to_log: [x-a, x-none]
                          additional_response_headers_to_log: [content-type, x-up]
                      route_config:
                        name: r
                        virtual_hosts:
                        - name: v
                          domains: ["*"]
                          routes:
                          - {name: direct, match: {prefix: /direct}, direct_response: {status: 418, body: {inline_string: tea}}}
                          - {match: {prefix: /down}, route: {cluster: down}}
                          - {match: {prefix: /}, route: {cluster: up}}
                      http_filters:
                      - name: envoy.filters.http.router
                        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router, suppress_envoy_headers: true}
              - name: traced
                address: {socket_address: {address: 127.0.0.1, port_value: ${traced}}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.http_connection_manager
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: two
                      tracing:
                        provider:
                          name: envoy.tracers.opentelemetry
                          typed_config:
                            "@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig
                            http_service:
                              http_uri: {uri: "http://collector/v1/traces", cluster: otlp, timeout: 1s}
                              request_headers_to_add: [{header: {key: x-key, value: secret}}]
                      route_config:
                        name: r
                        virtual_hosts:
                        - name: v
                          domains: ["*"]
                          routes: [{match: {prefix: /}, route: {cluster: up}}]
                      http_filters:
                      - name: envoy.filters.http.router
                        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router, suppress_envoy_headers: true}
              - name: tcp
                address: {socket_address: {address: 127.0.0.1, port_value: ${tcp}}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.tcp_proxy
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                      stat_prefix: three
                      cluster: up
                      access_log:
                      - name: envoy.access_loggers.tcp_grpc
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig
                          common_config:
                            log_name: tcp-log
                            transport_api_version: V3
                            grpc_service: {envoy_grpc: {cluster_name: grpc}}
                            buffer_flush_interval: 0.1s
              clusters:
            """;

    /** HTTP/1 requests of the first listener: what is sent, and the status of the answer. */
    private static final Map<String, Integer> REQUESTS = new TreeMap<>(Map.of(
            "GET /a?q=1 HTTP/1.1\r\nHost: test.local\r\nx-a: one\r\nuser-agent: ua\r\n\r\n", 200,
            "POST /b HTTP/1.1\r\nHost: test.local\r\ncontent-length: 5\r\nreferer: http://r/\r\n\r\nhello", 200,
            "GET /direct HTTP/1.1\r\nHost: test.local\r\nx-forwarded-for: 10.0.0.1\r\n\r\n", 418,
            "GET /down HTTP/1.1\r\nHost: test.local\r\n\r\n", 503));

    private static final Pattern UUID = Pattern.compile("[0-9a-f]{8}-[0-9a-f-]{27}");

    /** The language and the version of the program are its own. */
    private static final Pattern PROGRAM = Pattern.compile("(\"telemetry.sdk.(language|version)\",2:\\{1:)\"[^\"]*\"");

    @TempDir
    Path directory;

    /** What came of the requests, made comparable. */
    private record Telemetry(
            List<String> accessLogs,
            List<String> spans,
            List<String> spansByHttp,
            List<String> spanRequests,
            Map<String, String> metrics,
            Map<String, String> udp,
            Map<String, String> tcp,
            Set<String> names) {}

    @Test
    void everyServiceIsTold() throws Exception {
        Telemetry t = run(ProxyProcess.Kind.MISHAP);
        assertThat(t.accessLogs()).hasSize(REQUESTS.size() + 3); // one of TCP, and the names of both logs
        assertThat(t.accessLogs()).anySatisfy(entry -> assertThat(entry).contains("\"x-a\"", "\"one\"", "\"up\""));
        assertThat(t.accessLogs()).anySatisfy(entry -> assertThat(entry).contains("tcp-log"));
        assertThat(t.spans())
                .hasSize(REQUESTS.size())
                .allSatisfy(span -> assertThat(span).contains("svc", "\"lit\"", "\"x\""));
        assertThat(t.spansByHttp()).hasSize(1);
        assertThat(t.spanRequests()).containsExactly("POST /v1/traces application/x-protobuf secret");
        assertThat(t.metrics()).containsEntry(METRIC, "3");
        assertThat(t.udp()).containsEntry("one.cluster.up.upstream_rq_200|c", "3");
        assertThat(t.tcp()).containsEntry("envoy.cluster.up.upstream_rq_200|c", "3");
    }

    @Test
    void asEnvoyTellsThem() throws Exception {
        ProxyProcess.Kind.ENVOY.need();
        Telemetry envoy = run(ProxyProcess.Kind.ENVOY);
        Telemetry ours = run(ProxyProcess.Kind.MISHAP);
        SoftAssertions.assertSoftly(all -> {
            all.assertThat(ours.accessLogs()).containsExactlyElementsOf(envoy.accessLogs());
            all.assertThat(ours.spans()).containsExactlyElementsOf(envoy.spans());
            all.assertThat(ours.spansByHttp()).containsExactlyElementsOf(envoy.spansByHttp());
            all.assertThat(ours.spanRequests()).isEqualTo(envoy.spanRequests());
            all.assertThat(difference(ours.metrics(), envoy.metrics())).isEmpty();
            all.assertThat(difference(ours.udp(), envoy.udp())).isEmpty();
            all.assertThat(difference(ours.tcp(), envoy.tcp())).isEmpty();
            all.assertThat(without(envoy.names(), ours.names()))
                    .as("names only in Envoy")
                    .isEmpty();
            all.assertThat(without(ours.names(), envoy.names()))
                    .as("names only here")
                    .isEmpty();
        });
    }

    private static Set<String> without(Set<String> all, Set<String> some) {
        Set<String> rest = new TreeSet<>(all);
        rest.removeAll(some);
        return rest;
    }

    /** The names of all stats, but for those of our own faults, which Envoy has not. */
    private static Set<String> names(ProxyProcess proxy) {
        Set<String> names = new TreeSet<>();
        for (String line : proxy.get("/stats").split("\n")) {
            String name = line.substring(0, line.indexOf(": "));
            if (!name.startsWith("mishap.")) {
                names.add(PORT.matcher(name).replaceAll("127.0.0.1_P"));
            }
        }
        return names;
    }

    private static List<String> difference(Map<String, String> ours, Map<String, String> envoys) {
        List<String> difference = new ArrayList<>();
        envoys.forEach((name, value) -> {
            if (!value.equals(ours.get(name))) {
                difference.add(name + ": want " + value + ", got " + ours.get(name));
            }
        });
        ours.forEach((name, value) -> {
            if (!envoys.containsKey(name)) {
                difference.add(name + ": want none, got " + value);
            }
        });
        return difference;
    }

    private Telemetry run(ProxyProcess.Kind kind) throws Exception {
        int http = ProxyProcess.freePort();
        int traced = ProxyProcess.freePort();
        int tcp = ProxyProcess.freePort();
        HttpServer up = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        up.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            exchange.getResponseHeaders().set("x-up", "yes");
            exchange.sendResponseHeaders(200, 2);
            exchange.getResponseBody().write("ok".getBytes(StandardCharsets.UTF_8));
            exchange.close();
        });
        up.start();
        Path own = Files.createDirectory(directory.resolve(kind.name()));
        try (Collectors collectors = new Collectors()) {
            String configuration = CONFIGURATION
                            .replace("${http}", Integer.toString(http))
                            .replace("${traced}", Integer.toString(traced))
                            .replace("${tcp}", Integer.toString(tcp))
                            .replace("${udp}", Integer.toString(collectors.udpPort()))
                    + cluster("up", up.getAddress().getPort(), "")
                    + cluster("down", ProxyProcess.freePort(), "")
                    + cluster("otlp", collectors.httpPort(), "")
                    + cluster("statsd", collectors.tcpPort(), "")
                    + cluster("grpc", collectors.grpcPort(), HTTP2);
            try (ProxyProcess proxy = new ProxyProcess(kind, own, configuration, "--concurrency", "1")) {
                for (Map.Entry<String, Integer> request : REQUESTS.entrySet()) {
                    ask(http, request.getKey(), request.getValue());
                }
                ask(traced, "GET /t HTTP/1.1\r\nHost: test.local\r\n\r\n", 200);
                ask(tcp, "GET /c HTTP/1.1\r\nHost: test.local\r\n\r\n", 200);
                List<String> wanted = awaited(collectors);
                long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
                while (!wanted.isEmpty() && System.nanoTime() < limit) {
                    LockSupport.parkNanos(20_000_000);
                    wanted = awaited(collectors);
                }
                assertThat(wanted).as("what did not come; " + proxy.log()).isEmpty();
                // Whatever else the requests have changed is told two flushes later.
                int flushes = collectors.metrics.size();
                Sidecar.await(() -> collectors.metrics.size() >= flushes + 3);
                assertThat(proxy.leaks()).isEmpty();
                return new Telemetry(
                        entries(collectors),
                        spans(collectors.spansByGrpc),
                        spans(collectors.spansByHttp),
                        List.copyOf(collectors.spanRequests),
                        metrics(collectors),
                        sum(collectors.udpLines),
                        sum(collectors.tcpLines),
                        names(proxy));
            }
        } finally {
            up.stop(0);
        }
    }

    /** What has not come yet. */
    private static List<String> awaited(Collectors c) {
        Map<String, Boolean> came = new TreeMap<>(Map.of(
                "log entries " + entries(c),
                entries(c).size() == REQUESTS.size() + 3,
                "spans by gRPC " + c.spansByGrpc.size(),
                c.spansByGrpc.size() == REQUESTS.size(),
                "spans by HTTP " + c.spansByHttp.size(),
                c.spansByHttp.size() == 1,
                "statsd by UDP " + sum(c.udpLines),
                "3".equals(sum(c.udpLines).get("one.cluster.up.upstream_rq_200|c")),
                "statsd by TCP " + sum(c.tcpLines),
                "3".equals(sum(c.tcpLines).get("envoy.cluster.up.upstream_rq_200|c")),
                "metrics " + metrics(c),
                "3".equals(metrics(c).get(METRIC))));
        came.values().removeIf(b -> b);
        return List.copyOf(came.keySet());
    }

    private static final String METRIC = "cluster.upstream_rq 0 envoy.response_code=200 envoy.cluster_name=up";

    private static final String HTTP2 = """
                typed_extension_protocol_options:
                  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                    "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                    explicit_http_config: {http2_protocol_options: {}}
            """;

    private static String cluster(String name, int port, String more) {
        return """
              - name: %s
                type: STATIC
                connect_timeout: 1s
                load_assignment:
                  cluster_name: %s
                  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
            %s""".formatted(name, name, port, more).indent(0);
    }

    private static void ask(int port, String request, int status) throws IOException {
        try (RawHttp client = new RawHttp(port)) {
            client.send(request);
            assertThat(client.read().status()).isEqualTo(status);
        }
    }

    /** Access log entries, the names of their logs among them. */
    private static List<String> entries(Collectors collectors) {
        // Times, durations, ports and the ids of connections differ from run to run.
        Predicate<String> differs = Pattern.compile("(1\\.)?1\\.(5|6|7|8|9|10|11|12|23|26|(2|3|13|14|20)\\.1\\.3)")
                .asMatchPredicate();
        List<String> all = new ArrayList<>();
        for (byte[] message : collectors.accessLogs) {
            for (byte[] identifier : ProtoText.fields(message, 1)) {
                all.add("log "
                        + ProtoText.fields(identifier, 2).stream()
                                .map(String::new)
                                .toList());
            }
            for (int kind = 2; kind <= 3; kind++) {
                for (byte[] entries : ProtoText.fields(message, kind)) {
                    for (byte[] entry : ProtoText.fields(entries, 1)) {
                        all.add(kind + " "
                                + UUID.matcher(ProtoText.of(entry, differs)).replaceAll("<uuid>"));
                    }
                }
            }
        }
        all.sort(null);
        return all;
    }

    private static List<String> spans(List<byte[]> messages) {
        List<String> all = new ArrayList<>();
        // Ids and times; the scope is the program's name and version.
        Predicate<String> differs =
                Pattern.compile("1\\.2\\.(1|2\\.(1|2|4|7|8))").asMatchPredicate();
        for (byte[] message : messages) {
            String text = UUID.matcher(ProtoText.of(message, differs)).replaceAll("<uuid>");
            all.add(PROGRAM.matcher(text).replaceAll("$1*"));
        }
        all.sort(null);
        return all;
    }

    private static final Pattern PORT = Pattern.compile("127\\.0\\.0\\.1_\\d+");

    /**
     * The stats that the test looks at: those of the requests. Not cx_pool_open, which nothing ever opens here since pools are not
     * limited, so that it is never told.
     */
    private static final Pattern LABELLED = Pattern.compile(
            "(?!.*cx_pool_open).* envoy\\.(cluster_name=up|http_conn_manager_prefix=(one|two)|tcp_prefix=three)\\b.*");

    private static final Pattern LOOKED_AT =
            Pattern.compile("(?!.*cx_pool_open)(.*\\.)?(cluster\\.up|http\\.(one|two)|tcp\\.three)\\..*");

    /** The last value of each metric: name, type and labels. Of others than counters only that they are there. */
    private static Map<String, String> metrics(Collectors collectors) {
        Map<String, String> last = new TreeMap<>();
        for (byte[] message : collectors.metrics) {
            for (byte[] family : ProtoText.fields(message, 2)) {
                String type = ProtoText.of(family, path -> !path.equals("3")).replaceAll(".*,3:(\\d+).*", "$1");
                for (byte[] metric : ProtoText.fields(family, 4)) {
                    StringBuilder key =
                            new StringBuilder(text(family, 1)).append(' ').append(type);
                    for (byte[] label : ProtoText.fields(metric, 1)) {
                        String value = PORT.matcher(text(label, 2)).replaceAll("127.0.0.1_P");
                        key.append(' ').append(text(label, 1)).append('=').append(value);
                    }
                    if (LABELLED.matcher(key).matches()) {
                        List<byte[]> counter = ProtoText.fields(metric, 3);
                        last.put(key.toString(), counter.isEmpty() ? "" : number(counter.get(0)));
                    }
                }
            }
        }
        return last;
    }

    private static String text(byte[] message, int field) {
        return new String(ProtoText.fields(message, field).get(0), StandardCharsets.UTF_8);
    }

    /** A message whose first field is a double. */
    private static String number(byte[] message) {
        return Long.toString((long)
                ByteBuffer.wrap(message, 1, 8).order(ByteOrder.LITTLE_ENDIAN).getDouble());
    }

    private static Map<String, String> sum(Collection<String> lines) {
        Map<String, Long> sums = new TreeMap<>();
        for (String each : lines) {
            String line = PORT.matcher(each).replaceAll("127.0.0.1_P");
            int colon = line.lastIndexOf(':');
            int bar = line.lastIndexOf('|');
            if (LOOKED_AT.matcher(line).matches() && line.endsWith("|c")) {
                sums.merge(line.substring(0, colon) + "|c", Long.parseLong(line.substring(colon + 1, bar)), Long::sum);
            } else if (LOOKED_AT.matcher(line).matches()) {
                sums.put(line.substring(0, colon) + line.substring(bar), 0L);
            }
        }
        Map<String, String> texts = new TreeMap<>();
        sums.forEach((name, value) -> texts.put(name, value.toString()));
        return texts;
    }
}
