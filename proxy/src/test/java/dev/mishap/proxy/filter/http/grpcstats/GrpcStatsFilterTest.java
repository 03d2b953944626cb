package dev.mishap.proxy.filter.http.grpcstats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.config.ClusterTranslator;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.stats.StatsStore;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GrpcStatsFilterTest {
    private static final byte[] MESSAGE = {0, 0, 0, 0, 1, 9};

    private final StatsStore store = new StatsStore();
    private final Cluster cluster = cluster("", store);
    private final MethodStats.Registry registry = new MethodStats.Registry("grpc.");

    private static Cluster cluster(String endpoints, StatsStore stats) {
        String yaml =
                "name: c\nconnect_timeout: 5s\nload_assignment: {cluster_name: c, endpoints: [" + endpoints + "]}";
        return new Cluster(
                ClusterTranslator.from(ConfigReader.checkedYaml("envoy.config.cluster.v3.Cluster", yaml)), stats);
    }

    private void call(String yaml, String path, String type, String status) {
        GrpcStatsFilter filter = new GrpcStatsFilter(
                GrpcStatsConfig.from(ConfigReader.checkedYaml(GrpcStatsConfig.FILTER, yaml)),
                registry,
                name -> name.equals("c") ? cluster : null);
        FakeHttpStream stream =
                new FakeHttpStream().path(path).header("content-type", type).routedTo("c");
        HeaderMap trailers = new HeaderMap();
        trailers.add(HeaderName.GRPC_STATUS, status);
        ByteBuf message = Unpooled.wrappedBuffer(MESSAGE);

        filter.onRequestHeaders(stream, stream.requestHeaders, false);
        filter.onRequestData(stream, message, false);
        filter.onRequestData(stream, message, true);
        HeaderMap response = new HeaderMap();
        response.add(HeaderName.STATUS, "200");
        response.add(HeaderName.CONTENT_TYPE, "application/grpc");
        filter.onResponseHeaders(stream, response, false);
        filter.onResponseData(stream, message, false);
        filter.onResponseTrailers(stream, trailers);

        assertThat(message.readerIndex()).isZero();
        message.release();
    }

    private long stat(String name) {
        return store.value("cluster.c.grpc." + name);
    }

    @ParameterizedTest
    @CsvSource({
        "stats_for_all_methods: true, a.b.S.M.",
        "'stats_for_all_methods: true\nreplace_dots_in_grpc_service_name: true', a_b_S.M.",
        "'individual_method_stats_allowlist: {services: [{name: a.b.S, method_names: [M]}]}', a.b.S.M.",
        "'individual_method_stats_allowlist: {services: [{name: a.b.S, method_names: [Other]}]}', ''",
        "emit_filter_state: false, ''"
    })
    void callsAreCountedByMethodOrTogether(String yaml, String method) {
        call(yaml, "/a.b.S/M?q", "application/grpc", "0");
        call(yaml, "/a.b.S/M", "application/grpc+proto", "5");

        assertThat(stat(method + "request_message_count")).isEqualTo(4);
        assertThat(stat(method + "response_message_count")).isEqualTo(2);
        assertThat(stat(method + "success")).isEqualTo(1);
        assertThat(stat(method + "failure")).isEqualTo(1);
        assertThat(stat(method + "total")).isEqualTo(2);
        assertThat(stat(method + "5")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/a", "//M", "/S/", "/S/M/x", "*"})
    void aPathThatNamesNoMethodIsNotCounted(String path) {
        call("stats_for_all_methods: true", path, "application/grpc", "0");

        assertThat(store.snapshot().toString()).doesNotContain("grpc.");
        assertThat(stat("total")).isZero();
    }

    @Test
    void otherRequestsAreNotCounted() {
        call("{}", "/S/M", "application/json", "0");

        assertThat(stat("total")).isZero();
    }

    @Test
    void pathsCantFillTheMemory() {
        for (int i = 0; i <= MethodStats.MAX_METHODS; i++) {
            call("stats_for_all_methods: true", "/S/M" + i, "application/grpc", "0");
        }

        assertThat(stat("S.M0.total")).isEqualTo(1);
        assertThat(stat("S.M" + MethodStats.MAX_METHODS + ".total")).isZero();
        assertThat(stat("total")).isEqualTo(1);
    }

    @Test
    void statusesCantFillTheMemory() {
        for (int i = 0; i <= MethodStats.MAX_STATUSES; i++) {
            call("{}", "/S/M", "application/grpc", "s" + i);
        }

        assertThat(stat("s0")).isEqualTo(1);
        assertThat(stat("s" + MethodStats.MAX_STATUSES)).isZero();
        assertThat(stat("failure")).isEqualTo(MethodStats.MAX_STATUSES + 1);
    }
}
