package dev.mishap.proxy.observe.sink;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.TransportVersion;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.stats.TagExtractor;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.upstream.Upstreams;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcService;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** Reads {@code Bootstrap.stats_sinks}. */
public final class StatsSinks {
    private static final String STATSD = "envoy.config.metrics.v3.StatsdSink";
    private static final String DOG = "envoy.config.metrics.v3.DogStatsdSink";
    private static final String GRAPHITE = "envoy.extensions.stat_sinks.graphite_statsd.v3.GraphiteStatsdSink";
    private static final String METRICS_SERVICE = "envoy.config.metrics.v3.MetricsServiceConfig";
    private static final String DEFAULT_PREFIX = "envoy";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.metrics.v3.StatsSink").supported("name", "typed_config"),
            SupportedFields.of(STATSD).supported("address", "tcp_cluster_name", "prefix"),
            SupportedFields.of(DOG).supported("address", "prefix", "max_bytes_per_datagram"),
            SupportedFields.of(GRAPHITE).supported("address", "prefix", "max_bytes_per_datagram"),
            SupportedFields.of(METRICS_SERVICE)
                    .supported(
                            "grpc_service",
                            "transport_api_version",
                            "report_counters_as_deltas",
                            "emit_tags_as_labels",
                            "histogram_emit_mode"),
            OtlpMetricsSink.FIELDS);

    private StatsSinks() {}

    /**
     * What sinks need of the process.
     *
     * @param loop where flushes are called
     * @param node writes the fields of {@code envoy.config.core.v3.Node}
     */
    public record Environment(
            EventLoop loop,
            Scope stats,
            TagExtractor tags,
            Function<String, List<Double>> bounds,
            ClusterManager clusters,
            Upstreams upstreams,
            AsyncGrpcClient grpc,
            Consumer<ProtoWriter> node) {}

    public static List<StatsSink> from(List<ConfigNode> nodes, Environment environment) {
        List<StatsSink> sinks = new ArrayList<>();
        for (ConfigNode node : nodes) {
            ConfigNode config = node.message("typed_config");
            String type = config == null ? "" : config.messageName();
            switch (type) {
                case STATSD -> sinks.add(statsd(node.required("typed_config"), environment));
                case DOG -> sinks.add(udp(node.required("typed_config"), StatsdFormat.Dialect.DOG, environment));
                case GRAPHITE ->
                    sinks.add(udp(node.required("typed_config"), StatsdFormat.Dialect.GRAPHITE, environment));
                case METRICS_SERVICE -> sinks.add(metricsService(node.required("typed_config"), environment));
                case OtlpMetricsSink.MESSAGE -> sinks.add(otlp(node.required("typed_config"), environment));
                default ->
                    throw new ConfigException("Didn't find a registered implementation for '" + node.string("name")
                            + "' with type URL: '" + type + "'");
            }
        }
        return sinks;
    }

    private static StatsdFormat format(ConfigNode node, StatsdFormat.Dialect dialect, Environment environment) {
        String prefix = node.string("prefix");
        return new StatsdFormat(dialect, prefix.isEmpty() ? DEFAULT_PREFIX : prefix, environment.tags());
    }

    private static StatsSink statsd(ConfigNode node, Environment environment) {
        StatsdFormat format = format(node, StatsdFormat.Dialect.PLAIN, environment);
        if (!"tcp_cluster_name".equals(node.oneof("statsd_specifier"))) {
            return new UdpStatsdSink(format, address(node), 0);
        }
        String cluster = node.string("tcp_cluster_name");
        if (environment.clusters().get(cluster) == null) {
            throw new ConfigException("unknown cluster '" + cluster + "'");
        }
        return new TcpStatsdSink(
                format,
                () -> environment.clusters().get(cluster),
                environment.upstreams(),
                environment.loop(),
                environment.stats().counter("statsd.cx_overflow"));
    }

    private static StatsSink udp(ConfigNode node, StatsdFormat.Dialect dialect, Environment environment) {
        return new UdpStatsdSink(format(node, dialect, environment), address(node), (int)
                Math.min(node.integer("max_bytes_per_datagram", 0), 65_507));
    }

    private static InetSocketAddress address(ConfigNode node) {
        ConfigNode address = node.required("address");
        ConfigNode socket = address.required("socket_address");
        String host = socket.string("address");
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(host);
        if (bytes == null) {
            throw new ConfigException("malformed IP address: " + host);
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(bytes), (int) socket.integer("port_value", 0));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // only for a wrong number of bytes
        }
    }

    private static GrpcService known(GrpcService service, Environment environment) {
        if (environment.clusters().get(service.cluster()) == null) {
            throw new ConfigException("Unknown gRPC client cluster '" + service.cluster() + "'");
        }
        return service;
    }

    private static StatsSink metricsService(ConfigNode node, Environment environment) {
        TransportVersion.check(node);
        GrpcService service = known(GrpcService.ofStream(node.required("grpc_service")), environment);
        String mode = node.enumName("histogram_emit_mode");
        return new MetricsServiceSink(
                environment.grpc(),
                service,
                environment.loop(),
                new MetricsServiceSink.Options(
                        node.bool("report_counters_as_deltas", false),
                        node.bool("emit_tags_as_labels", false),
                        !mode.equals("HISTOGRAM"),
                        !mode.equals("SUMMARY")),
                environment.tags(),
                environment.bounds(),
                environment.node());
    }

    private static StatsSink otlp(ConfigNode node, Environment environment) {
        ConfigNode service = node.required("grpc_service");
        return new OtlpMetricsSink(
                environment.grpc(),
                known(GrpcService.from(service), environment),
                environment.loop(),
                new OtlpMetrics(OtlpMetrics.Options.from(node), environment.tags(), environment.bounds()));
    }
}
