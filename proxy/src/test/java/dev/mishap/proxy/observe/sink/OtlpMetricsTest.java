package dev.mishap.proxy.observe.sink;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.observe.stats.TagExtractor;
import dev.mishap.proxy.proto.ProtoWriter;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OtlpMetricsTest {
    private static final String SERVICE = "grpc_service: {envoy_grpc: {cluster_name: c}}\n";
    private final StatsStore stats = new StatsStore();

    private static OtlpMetrics metrics(String yaml) {
        return new OtlpMetrics(
                OtlpMetrics.Options.from(ConfigReader.checkedYaml(OtlpMetricsSink.MESSAGE, SERVICE + yaml)),
                new TagExtractor(Map.of(), List.of(), true),
                name -> List.of(10.0, 100.0));
    }

    private List<Metric> flush(OtlpMetrics metrics) throws InvalidProtocolBufferException {
        stats.flush();
        ProtoWriter out = new ProtoWriter();
        metrics.encode(stats.snapshot(), out);
        return ExportMetricsServiceRequest.parseFrom(out.toByteArray())
                .getResourceMetrics(0)
                .getScopeMetrics(0)
                .getMetricsList();
    }

    @Test
    void tagsAreAttributesAndCountersAddUp() throws InvalidProtocolBufferException {
        stats.counter("cluster.c1.upstream_rq_total").add(3);

        Metric metric = flush(metrics("")).get(0);
        assertThat(metric.getName()).isEqualTo("cluster.upstream_rq_total");
        assertThat(metric.getSum().getIsMonotonic()).isTrue();
        assertThat(metric.getSum().getAggregationTemporality())
                .isEqualTo(AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE);
        assertThat(metric.getSum().getDataPoints(0).getAsInt()).isEqualTo(3);
        assertThat(metric.getSum().getDataPoints(0).getAttributes(0).getKey()).isEqualTo("envoy.cluster_name");
        assertThat(metric.getSum().getDataPoints(0).getAttributes(0).getValue().getStringValue())
                .isEqualTo("c1");
    }

    @Test
    void deltasOfNothingAreNotTold() throws InvalidProtocolBufferException {
        OtlpMetrics metrics = metrics("report_counters_as_deltas: true\nuse_tag_extracted_name: false\n"
                + "emit_tags_as_attributes: false\nprefix: p");
        stats.counter("cluster.c1.upstream_rq_total").add(3);

        Metric metric = flush(metrics).get(0);
        assertThat(metric.getName()).isEqualTo("p.cluster.c1.upstream_rq_total");
        assertThat(metric.getSum().getDataPoints(0).getAttributesCount()).isZero();
        assertThat(metric.getSum().getAggregationTemporality())
                .isEqualTo(AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA);
        assertThat(flush(metrics)).isEmpty();
    }

    @Test
    void gaugesAreToldAlthoughTheyAreZero() throws InvalidProtocolBufferException {
        stats.gauge("server.live").set(1);
        stats.gauge("server.live").set(0);

        assertThat(flush(metrics("")).get(0).getGauge().getDataPoints(0).getAsInt())
                .isZero();
    }

    @Test
    void aValueIsInOneBucket() throws InvalidProtocolBufferException {
        Histogram histogram = stats.histogram("http.a.downstream_rq_time", Histogram.Unit.MILLISECONDS);
        histogram.record(5);
        histogram.record(50);
        histogram.record(60);
        histogram.record(5000);

        HistogramDataPoint point = flush(metrics("")).get(0).getHistogram().getDataPoints(0);
        assertThat(point.getCount()).isEqualTo(4);
        assertThat(point.getExplicitBoundsList()).containsExactly(10.0, 100.0);
        assertThat(point.getBucketCountsList()).containsExactly(1L, 2L, 1L);
    }
}
