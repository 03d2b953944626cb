package dev.mishap.proxy.observe.sink;

import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.observe.stats.StatsSnapshot;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcCallbacks;
import dev.mishap.proxy.upstream.client.GrpcService;
import dev.mishap.proxy.upstream.client.GrpcStatus;
import io.netty.channel.EventLoop;

/** Sends stats to an OTLP collector over gRPC, all of them in one call a flush. A flush that fails is not sent again. */
final class OtlpMetricsSink implements StatsSink, GrpcCallbacks {
    static final String MESSAGE = "envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig";
    static final SupportedFields FIELDS = SupportedFields.of(MESSAGE)
            .supported(
                    "grpc_service",
                    "report_counters_as_deltas",
                    "report_histograms_as_deltas",
                    "emit_tags_as_attributes",
                    "use_tag_extracted_name",
                    "prefix")
            .refused("http_service", "collectors are reached over gRPC: grpc_service");

    private static final String METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    private final AsyncGrpcClient client;
    private final GrpcService service;
    private final EventLoop loop;
    private final OtlpMetrics metrics;

    OtlpMetricsSink(AsyncGrpcClient client, GrpcService service, EventLoop loop, OtlpMetrics metrics) {
        this.client = client;
        this.service = service;
        this.loop = loop;
        this.metrics = metrics;
    }

    @Override
    public void flush(StatsSnapshot snapshot) {
        ProtoWriter request = new ProtoWriter(64 << 10);
        metrics.encode(snapshot, request);
        var unused = client.unary(service, METHOD, loop, request, this);
    }

    @Override
    public void onMessage(byte[] message) {
        // The collector has nothing to say.
    }

    @Override
    public void onClose(GrpcStatus status) {}
}
