package dev.mishap.proxy.observe.sink;

import dev.mishap.proxy.observe.stats.StatsSnapshot;
import dev.mishap.proxy.observe.stats.TagExtractor;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcCallbacks;
import dev.mishap.proxy.upstream.client.GrpcService;
import dev.mishap.proxy.upstream.client.GrpcStatus;
import dev.mishap.proxy.upstream.client.GrpcStream;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Streams stats to {@code envoy.service.metrics.v3.MetricsService}, one message a flush, in Prometheus' data model. A stream that
 * broke is opened again at the next flush; flushes that would wait behind one that can't go out are dropped.
 */
final class MetricsServiceSink implements StatsSink, GrpcCallbacks {
    private static final String METHOD = "/envoy.service.metrics.v3.MetricsService/StreamMetrics";
    private static final double[] QUANTILES = {0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1};
    private static final int COUNTER = 0;
    private static final int GAUGE = 1;
    private static final int SUMMARY = 2;
    private static final int HISTOGRAM = 4;

    /**
     * What is sent.
     *
     * @param deltas counters as what they grew by
     * @param labels tags apart from names
     */
    record Options(boolean deltas, boolean labels, boolean summaries, boolean histograms) {}

    private final AsyncGrpcClient client;
    private final GrpcService service;
    private final EventLoop loop;
    private final Options options;
    private final TagExtractor tags;
    private final Consumer<ProtoWriter> node;
    private final Function<String, List<Double>> bounds;
    private @Nullable GrpcStream stream;

    MetricsServiceSink(
            AsyncGrpcClient client,
            GrpcService service,
            EventLoop loop,
            Options options,
            TagExtractor tags,
            Function<String, List<Double>> bounds,
            Consumer<ProtoWriter> node) {
        this.client = client;
        this.service = service;
        this.loop = loop;
        this.options = options;
        this.tags = tags;
        this.bounds = bounds;
        this.node = node;
    }

    @Override
    public void flush(StatsSnapshot snapshot) {
        GrpcStream s = stream;
        boolean opened = false;
        if (s == null || s.isOver()) {
            s = client.stream(service, METHOD, loop, 1 << 16, this);
            stream = s;
            opened = true;
            if (s == null) {
                return;
            }
        } else if (!s.isWritable()) {
            return;
        }
        ProtoWriter message = new ProtoWriter(64 << 10);
        if (opened) {
            int identifier = message.begin(1);
            int n = message.begin(1);
            node.accept(message);
            message.end(n);
            message.end(identifier);
        }
        encode(snapshot, message);
        s.send(message, false);
    }

    private void encode(StatsSnapshot snapshot, ProtoWriter out) {
        long now = snapshot.epochMillis();
        for (StatsSnapshot.Number c : snapshot.counters()) {
            number(out, c, COUNTER, 3, options.deltas() ? c.delta() : c.value(), now);
        }
        for (StatsSnapshot.Number g : snapshot.gauges()) {
            number(out, g, GAUGE, 2, g.value(), now);
        }
        for (StatsSnapshot.Distribution h : snapshot.histograms()) {
            if (options.summaries()) {
                summary(out, h, now);
            }
            if (options.histograms()) {
                histogram(out, h, now);
            }
        }
    }

    /** Starts a family with one metric; what is returned ends both. */
    private int[] begin(ProtoWriter out, String name, int type) {
        return begin(out, name, options.labels() ? tags.extract(name) : null, type);
    }

    private int[] begin(ProtoWriter out, String name, TagExtractor.@Nullable Tagged tagged, int type) {
        int family = out.begin(2);
        // The data model is proto2, whose fields are written even when they are 0.
        out.string(1, tagged == null ? name : tagged.name()).varintAlways(3, type);
        int metric = out.begin(4);
        if (tagged != null) {
            for (TagExtractor.Tag t : tagged.tags()) {
                int label = out.begin(1);
                out.string(1, t.name()).string(2, t.value());
                out.end(label);
            }
        }
        return new int[] {family, metric};
    }

    private static void end(ProtoWriter out, int[] begun, long now) {
        out.varint(6, now);
        out.end(begun[1]);
        out.end(begun[0]);
    }

    private void number(ProtoWriter out, StatsSnapshot.Number n, int type, int field, long value, long now) {
        int[] begun = begin(out, n.name(), options.labels() ? tags.extract(n) : null, type);
        int v = out.begin(field);
        out.numberAlways(1, value);
        out.end(v);
        end(out, begun, now);
    }

    private void summary(ProtoWriter out, StatsSnapshot.Distribution h, long now) {
        int[] begun = begin(out, h.name(), SUMMARY);
        int s = out.begin(4);
        out.varintAlways(1, h.interval().count()).numberAlways(2, h.interval().sum());
        double[] values = h.interval().quantiles(QUANTILES);
        for (int i = 0; i < QUANTILES.length; i++) {
            int q = out.begin(3);
            out.numberAlways(1, QUANTILES[i]).numberAlways(2, values[i]);
            out.end(q);
        }
        out.end(s);
        end(out, begun, now);
    }

    private void histogram(ProtoWriter out, StatsSnapshot.Distribution h, long now) {
        int[] begun = begin(out, h.name(), HISTOGRAM);
        int s = out.begin(7);
        out.varintAlways(1, h.interval().count()).numberAlways(2, h.interval().sum());
        for (double bound : bounds.apply(h.name())) {
            int b = out.begin(3);
            out.varintAlways(1, h.interval().countBelow(bound)).numberAlways(2, bound);
            out.end(b);
        }
        out.end(s);
        end(out, begun, now);
    }

    @Override
    public void onMessage(byte[] message) {
        // The service has nothing to say but at the end.
    }

    @Override
    public void onClose(GrpcStatus status) {
        stream = null;
    }
}
