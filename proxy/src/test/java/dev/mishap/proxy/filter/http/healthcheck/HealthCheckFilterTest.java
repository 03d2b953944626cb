package dev.mishap.proxy.filter.http.healthcheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.config.ClusterTranslator;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.DrainState;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.observe.stats.StatsStore;
import io.netty.buffer.Unpooled;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HealthCheckFilterTest {
    private static final String PROBES = "headers: [{name: ':path', string_match: {exact: /healthz}}]\n";
    private static final String ENDPOINT =
            "{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}}]}";

    private final StatsStore store = new StatsStore();
    private final DrainState drain = new DrainState();
    private final Map<String, Cluster> clusters = new HashMap<>();
    private @Nullable HealthCheckCache cache;
    private FakeHttpStream stream = probe();

    private static FakeHttpStream probe() {
        return new FakeHttpStream().path("/healthz");
    }

    private static Cluster cluster(String endpoints, StatsStore stats) {
        String yaml =
                "name: c\nconnect_timeout: 5s\nload_assignment: {cluster_name: c, endpoints: [" + endpoints + "]}";
        return new Cluster(
                ClusterTranslator.from(ConfigReader.checkedYaml("envoy.config.cluster.v3.Cluster", yaml)), stats);
    }

    private static HealthCheckConfig config(String yaml) {
        return HealthCheckConfig.from(ConfigReader.checkedYaml(HealthCheckConfig.FILTER, PROBES + yaml), "here");
    }

    private HealthCheckFilter filter(String yaml) {
        return new HealthCheckFilter(config(yaml), new HealthCheckStats(store.scope("")), drain, clusters::get, cache);
    }

    private String answer(String yaml) {
        stream = probe();
        filter(yaml).onRequestHeaders(stream, stream.requestHeaders, true);
        return stream.reply == null ? "none" : stream.reply.status() + " " + stream.reply.details();
    }

    @Test
    void aProbeIsAnsweredHere() {
        assertThat(answer("pass_through_mode: false")).isEqualTo("200 health_check_ok");
        assertThat(stream.info().healthCheck).isTrue();
        assertThat(store.value("health_check.ok")).isEqualTo(1);
        assertThat(store.value("health_check.request_total")).isEqualTo(1);
    }

    @Test
    void aProbeThatFailsIsFlagged() {
        drain.failHealthChecks(true);

        assertThat(answer("pass_through_mode: true")).isEqualTo("503 health_check_failed");
        assertThat(stream.info().hasFlag(ResponseFlag.FAILED_LOCAL_HEALTH_CHECK))
                .isTrue();
        assertThat(store.value("health_check.failed")).isEqualTo(1);
    }

    @Test
    void otherRequestsGoOn() {
        stream.path("/");

        assertThat(filter("pass_through_mode: false").onRequestHeaders(stream, stream.requestHeaders, true))
                .isEqualTo(Flow.CONTINUE);
        assertThat(stream.info().healthCheck).isFalse();
    }

    @Test
    void theBodyOfAProbeIsDropped() {
        HealthCheckFilter filter = filter("pass_through_mode: false");

        assertThat(filter.onRequestHeaders(stream, stream.requestHeaders, false))
                .isEqualTo(Flow.HOLD);
        assertThat(stream.events).isEmpty();
        assertThat(filter.onRequestData(stream, Unpooled.EMPTY_BUFFER, true)).isEqualTo(Flow.TAKEN);

        assertThat(stream.events).containsExactly("reply 200");
    }

    @Test
    void anAnswerOfTheApplicationStandsForAWhile() {
        cache = new HealthCheckCache(3_600_000_000_000L);
        String yaml = "pass_through_mode: true\ncache_time: 3600s";
        HealthCheckFilter first = filter(yaml);
        HeaderMap response = new HeaderMap();
        response.add(HeaderName.STATUS, "404");
        response.add(HeaderName.of("x-envoy-degraded"), "");

        assertThat(first.onRequestHeaders(stream, stream.requestHeaders, true)).isEqualTo(Flow.CONTINUE);
        first.onResponseHeaders(stream, response, true);

        assertThat(response.get(HeaderName.of("x-envoy-upstream-healthchecked-cluster")))
                .isEqualTo("here");
        assertThat(answer(yaml)).isEqualTo("404 health_check_cached");
        HeaderMap headers = new HeaderMap();
        Objects.requireNonNull(Objects.requireNonNull(stream.reply).headers()).apply(headers);
        assertThat(headers.toString()).isEqualTo("{x-envoy-degraded=}");
        assertThat(store.value("health_check.degraded")).isEqualTo(1);
    }

    @Test
    void clustersMustHaveHealthyEndpoints() {
        String yaml = "pass_through_mode: false\ncluster_min_healthy_percentages: {c: {value: 50}}";

        assertThat(answer(yaml)).isEqualTo("503 health_check_failed_no_cluster_found");
        clusters.put("c", cluster("", store));
        assertThat(answer(yaml)).isEqualTo("503 health_check_failed_cluster_empty");
        clusters.put("c", cluster(ENDPOINT, store));
        assertThat(answer(yaml)).isEqualTo("200 health_check_ok_cluster_healthy");

        assertThat(store.value("health_check.failed_cluster_not_found")).isEqualTo(1);
        assertThat(store.value("health_check.failed_cluster_empty")).isEqualTo(1);
    }

    @Test
    void everyResponseTellsThatHealthChecksFail() {
        drain.failHealthChecks(true);
        HeaderMap response = new HeaderMap();

        filter("pass_through_mode: false").onResponseHeaders(stream.path("/"), response, true);

        assertThat(response.toString()).isEqualTo("{x-envoy-immediate-health-check-fail=true}");
    }

    @Test
    void aCacheIsForPassThroughOnly() {
        assertThatThrownBy(() -> config("pass_through_mode: false\ncache_time: 1s"))
                .isInstanceOf(ConfigException.class)
                .hasMessage("cache_time_ms must not be set when path_through_mode is disabled");
    }
}
