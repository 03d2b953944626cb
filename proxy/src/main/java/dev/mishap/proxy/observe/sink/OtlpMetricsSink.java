package dev.mishap.proxy.observe.sink;

import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.observe.stats.StatsSnapshot;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcCallbacks;
import dev.mishap.proxy.upstream.client.GrpcService;
import dev.mishap.proxy.upstream.client.GrpcStatus;
import dev.mishap.proxy.upstream.client.GrpcStream;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Sends stats to an OTLP collector over gRPC, all of them in one call a flush. A flush that fails is not sent again. */
final class OtlpMetricsSink implements StatsSink {
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

    /** Flushes that wait for a collector's answer: each holds all its stats, for as long as the collector hangs. */
    private static final int MAX_UNANSWERED = 4;

    private final AsyncGrpcClient client;
    private final GrpcService service;
    private final EventLoop loop;
    private final OtlpMetrics metrics;
    private final ArrayDeque<Export> unanswered = new ArrayDeque<>(MAX_UNANSWERED);

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
        if (unanswered.size() >= MAX_UNANSWERED) {
            unanswered.removeFirst().giveUp();
        }
        Export export = new Export();
        unanswered.add(export);
        export.call = client.unary(service, METHOD, loop, request, export);
    }

    /** One flush on its way. */
    private final class Export implements GrpcCallbacks {
        private @Nullable GrpcStream call;

        void giveUp() {
            if (call != null) {
                call.reset();
            }
        }

        @Override
        public void onMessage(byte[] message) {
            // The collector has nothing to say.
        }

        @Override
        public void onClose(GrpcStatus status) {
            unanswered.remove(this);
        }
    }
}
