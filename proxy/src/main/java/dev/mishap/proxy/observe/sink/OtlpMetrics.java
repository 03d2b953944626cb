package dev.mishap.proxy.observe.sink;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.stats.StatsSnapshot;
import dev.mishap.proxy.observe.stats.TagExtractor;
import dev.mishap.proxy.proto.ProtoWriter;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Writes stats in OpenTelemetry's form. Each flush begins where the one before ended. */
final class OtlpMetrics {
    // Metric
    private static final int GAUGE = 5;
    private static final int SUM = 7;
    private static final int HISTOGRAM = 9;
    // AggregationTemporality
    private static final int DELTA = 1;
    private static final int CUMULATIVE = 2;
    private static final long NANOS_PER_MILLI = 1_000_000;

    /**
     * What is sent.
     *
     * @param prefix with the point that ends it, {@code ""} = none
     */
    record Options(boolean deltas, boolean histogramDeltas, boolean attributes, boolean extractedNames, String prefix) {
        static Options from(ConfigNode node) {
            String prefix = node.string("prefix");
            return new Options(
                    node.bool("report_counters_as_deltas", false),
                    node.bool("report_histograms_as_deltas", false),
                    node.bool("emit_tags_as_attributes", true),
                    node.bool("use_tag_extracted_name", true),
                    prefix.isEmpty() ? "" : prefix + '.');
        }
    }

    private final Options options;
    private final TagExtractor tags;
    private final Function<String, List<Double>> bounds;
    private final long startNanos = System.currentTimeMillis() * NANOS_PER_MILLI;
    private long lastNanos = startNanos;

    /** @param bounds of a histogram's buckets, by its name */
    OtlpMetrics(Options options, TagExtractor tags, Function<String, List<Double>> bounds) {
        this.options = options;
        this.tags = tags;
        this.bounds = bounds;
    }

    /** Writes an {@code ExportMetricsServiceRequest}. */
    void encode(StatsSnapshot snapshot, ProtoWriter out) {
        long now = snapshot.epochMillis() * NANOS_PER_MILLI;
        int resource = out.begin(1);
        int scope = out.begin(2);
        for (StatsSnapshot.Number gauge : snapshot.gauges()) {
            TagExtractor.Tagged tagged = tags(gauge);
            int[] begun = begin(out, gauge.name(), tagged, GAUGE);
            point(out, tagged, gauge.value(), 0, now);
            end(out, begun);
        }
        for (StatsSnapshot.Number counter : snapshot.counters()) {
            if (!options.deltas() || counter.delta() != 0) {
                TagExtractor.Tagged tagged = tags(counter);
                int[] begun = begin(out, counter.name(), tagged, SUM);
                point(
                        out,
                        tagged,
                        options.deltas() ? counter.delta() : counter.value(),
                        options.deltas() ? lastNanos : startNanos,
                        now);
                out.varint(2, options.deltas() ? DELTA : CUMULATIVE).bool(3, true);
                end(out, begun);
            }
        }
        for (StatsSnapshot.Distribution histogram : snapshot.histograms()) {
            histogram(out, histogram, now);
        }
        out.end(scope);
        out.end(resource);
        lastNanos = now;
    }

    private TagExtractor.@Nullable Tagged tags(StatsSnapshot.Number number) {
        return options.attributes() || options.extractedNames() ? tags.extract(number) : null;
    }

    /** Starts a metric and its data; what is returned ends both. */
    private int[] begin(ProtoWriter out, String name, TagExtractor.@Nullable Tagged tagged, int kind) {
        int metric = out.begin(2);
        out.string(1, options.prefix() + (tagged == null || !options.extractedNames() ? name : tagged.name()));
        return new int[] {metric, out.begin(kind)};
    }

    private static void end(ProtoWriter out, int[] begun) {
        out.end(begun[1]);
        out.end(begun[0]);
    }

    private void point(ProtoWriter out, TagExtractor.@Nullable Tagged tagged, long value, long since, long now) {
        int point = out.begin(1);
        if (since != 0) {
            out.fixed64(2, since);
        }
        out.fixed64(3, now).fixed64Always(6, value);
        attributes(out, 7, tagged);
        out.end(point);
    }

    private void histogram(ProtoWriter out, StatsSnapshot.Distribution histogram, long now) {
        StatsSnapshot.Buckets values = options.histogramDeltas() ? histogram.interval() : histogram.all();
        if (options.histogramDeltas() && values.count() == 0) {
            return;
        }
        TagExtractor.Tagged tagged =
                options.attributes() || options.extractedNames() ? tags.extract(histogram.name()) : null;
        int[] begun = begin(out, histogram.name(), tagged, HISTOGRAM);
        int point = out.begin(1);
        out.fixed64(2, options.histogramDeltas() ? lastNanos : startNanos)
                .fixed64(3, now)
                .fixed64(4, values.count())
                .numberAlways(5, values.sum());
        List<Double> limits = bounds.apply(histogram.name());
        long[] counts = new long[limits.size() + 1];
        long[] limitBits = new long[limits.size()];
        long below = 0;
        for (int i = 0; i < limitBits.length; i++) {
            long upTo = values.countBelow(limits.get(i));
            counts[i] = upTo - below;
            below = upTo;
            limitBits[i] = Double.doubleToRawLongBits(limits.get(i));
        }
        counts[limitBits.length] = values.count() - below;
        out.packed64(6, counts).packed64(7, limitBits);
        attributes(out, 9, tagged);
        out.end(point);
        out.varint(2, options.histogramDeltas() ? DELTA : CUMULATIVE);
        end(out, begun);
    }

    private void attributes(ProtoWriter out, int field, TagExtractor.@Nullable Tagged tagged) {
        if (tagged == null || !options.attributes()) {
            return;
        }
        for (TagExtractor.Tag tag : tagged.tags()) {
            int pair = out.begin(field);
            out.string(1, tag.name());
            int value = out.begin(2);
            out.stringAlways(1, tag.value());
            out.end(value);
            out.end(pair);
        }
    }
}
