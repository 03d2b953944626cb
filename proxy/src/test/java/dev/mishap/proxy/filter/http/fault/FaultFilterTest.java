package dev.mishap.proxy.filter.http.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.filter.http.fault.FaultConfig.Abort;
import dev.mishap.proxy.filter.http.fault.FaultConfig.Delay;
import dev.mishap.proxy.filter.http.fault.FaultConfig.RateLimit;
import dev.mishap.proxy.filter.http.fault.FaultConfig.RuntimeKeys;
import dev.mishap.proxy.filter.http.fault.FaultConfig.Share;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.rules.KillSwitch;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FaultFilterTest {
    private static final Share ALWAYS = new Share(100, 10_000);
    private static final Share NEVER = new Share(0, 10_000);
    private static final RuntimeKeys KEYS = new RuntimeKeys(
            "fault.http.delay.fixed_delay_percent",
            "fault.http.abort.abort_percent",
            "fault.http.delay.fixed_duration_ms",
            "fault.http.abort.http_status",
            "fault.http.abort.grpc_status",
            "fault.http.max_active_faults",
            "fault.http.rate_limit.response_percent");

    private final StatsStore store = new StatsStore();
    private final FaultStats stats = new FaultStats(store.scope("http.ingress."));
    private final FakeHttpStream stream = new FakeHttpStream();

    private FaultFilter filter(FaultConfig config) {
        return new FaultFilter("fault", config, stats, RandomSource.seeded(7), new KillSwitch());
    }

    private static FaultConfig config(@Nullable Delay delay, @Nullable Abort abort, @Nullable RateLimit limit) {
        return new FaultConfig(
                delay, abort, limit, "", List.of(), Set.of(), Long.MAX_VALUE, KEYS, true, Map.of("k", "v"));
    }

    private static FaultConfig abort(int status) {
        return config(null, new Abort(status, -1, ALWAYS), null);
    }

    private static FaultConfig delay(long millis) {
        return config(new Delay(TimeUnit.MILLISECONDS.toNanos(millis), ALWAYS), null, null);
    }

    private long counter(String name) {
        return store.counter("http.ingress.fault." + name).value();
    }

    private Flow headers(FaultFilter filter) {
        return filter.onRequestHeaders(stream, stream.requestHeaders(), true);
    }

    @Test
    void anAbortAnswersWithEnvoysBodyAndDetails() {
        FaultFilter filter = filter(abort(503));

        assertThat(headers(filter)).isEqualTo(Flow.PAUSE);

        assertThat(stream.reply).isEqualTo(LocalReply.of(503, "fault filter abort", "fault_filter_abort"));
        assertThat(stream.info().hasFlag(ResponseFlag.FAULT_INJECTED)).isTrue();
        assertThat(stream.info().dynamicMetadata("envoy.filters.http.fault")).isEqualTo(Map.of("k", "v"));
        assertThat(counter("aborts_injected")).isEqualTo(1);
        assertThat(stats.activeFaults.value()).isEqualTo(1);
        filter.onStreamEnd(stream);
        assertThat(stats.activeFaults.value()).isZero();
    }

    @Test
    void aGrpcStatusIsAnsweredWithHttp200() {
        headers(filter(config(null, new Abort(-1, 5, ALWAYS), null)));

        assertThat(stream.reply).isEqualTo(new LocalReply(200, "fault filter abort", "fault_filter_abort", 5, null));
    }

    @Test
    void aDelayHoldsTheRequestForItsTimeAndNeverLess() {
        FaultFilter filter = filter(delay(100));

        assertThat(headers(filter)).isEqualTo(Flow.PAUSE);
        assertThat(counter("delays_injected")).isEqualTo(1);
        assertThat(stream.info().hasFlag(ResponseFlag.DELAY_INJECTED)).isTrue();
        stream.advanceMillis(99);
        assertThat(stream.events).isEmpty();
        assertThat(stats.activeFaults.value()).isEqualTo(1);
        stream.advanceMillis(1);

        assertThat(stream.events).containsExactly("resumeRequest");
        assertThat(stats.activeFaults.value())
                .as("a delay that is over is no active fault")
                .isZero();
    }

    @Test
    void theAbortComesAfterTheDelay() {
        FaultFilter filter =
                filter(config(new Delay(TimeUnit.MILLISECONDS.toNanos(10), ALWAYS), new Abort(429, -1, ALWAYS), null));

        headers(filter);
        assertThat(stream.reply).isNull();
        stream.advanceMillis(10);

        assertThat(stream.events).containsExactly("reply 429");
        assertThat(stream.info().flag(0)).isEqualTo(ResponseFlag.DELAY_INJECTED);
        assertThat(stream.info().flag(1)).isEqualTo(ResponseFlag.FAULT_INJECTED);
    }

    @Test
    void aStreamThatEndsDuringItsDelayIsLeftAlone() {
        FaultFilter filter = filter(delay(100));

        headers(filter);
        filter.onStreamEnd(stream);
        stream.advanceMillis(200);

        assertThat(stream.events).isEmpty();
        assertThat(stats.activeFaults.value()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "503, 503",
        "200, 200",
        "599, 599",
        "+503, 503",
        "' 503 ', 503",
        "0503, 503",
        "199, 0",
        "600, 0",
        "-1, 0",
        "503x, 0",
        "'', 0"
    })
    void theHeaderSaysTheStatus(String header, int status) {
        stream.header("x-envoy-fault-abort-request", header);

        headers(filter(config(null, new Abort(-1, -1, ALWAYS), null)));

        assertThat(stream.reply == null ? 0 : stream.reply.status()).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({"17, 17", "999, 999", "-1, -2", "x, -2"})
    void theHeaderSaysTheGrpcStatus(String header, int status) {
        stream.header("x-envoy-fault-abort-grpc-request", header);

        headers(filter(config(null, new Abort(-1, -1, ALWAYS), null)));

        assertThat(stream.reply == null ? -2 : stream.reply.grpcStatus()).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({"0, false", "100, true", "1000, true", "-1, true", "x, true"})
    void theHeadersPercentageOnlyLowers(String percentage, boolean hit) {
        stream.header("x-envoy-fault-abort-request", "503", "x-envoy-fault-abort-request-percentage", percentage);

        headers(filter(config(null, new Abort(-1, -1, ALWAYS), null)));

        assertThat(stream.reply != null).isEqualTo(hit);
    }

    @Test
    void theHeadersPercentageDoesNotRaise() {
        stream.header("x-envoy-fault-abort-request", "503", "x-envoy-fault-abort-request-percentage", "100");

        headers(filter(config(null, new Abort(-1, -1, NEVER), null)));

        assertThat(stream.reply).isNull();
    }

    @Test
    void percentageHeadersNeedHeaderMode() {
        stream.header("x-envoy-fault-abort-request-percentage", "0", "x-envoy-fault-abort-request", "429");

        headers(filter(abort(503)));

        assertThat(stream.events).containsExactly("reply 503");
    }

    @ParameterizedTest
    @CsvSource({"25, 25", "0, -1", "-5, -1", "abc, -1", "1.5, -1"})
    void theHeaderSaysTheDelay(String header, long millis) {
        stream.header("x-envoy-fault-delay-request", header);
        FaultFilter filter = filter(config(new Delay(-1, ALWAYS), null, null));

        Flow flow = headers(filter);

        assertThat(flow).isEqualTo(millis < 0 ? Flow.CONTINUE : Flow.PAUSE);
        if (millis >= 0) {
            stream.advanceMillis(millis - 1);
            assertThat(stream.events).isEmpty();
            stream.advanceMillis(1);
            assertThat(stream.events).containsExactly("resumeRequest");
        }
    }

    @Test
    void aDelayBeyondTheClockIsWaitedFor() {
        stream.header("x-envoy-fault-delay-request", "9223372036854775807");
        FaultFilter filter = filter(config(new Delay(-1, ALWAYS), null, null));

        assertThat(headers(filter)).isEqualTo(Flow.PAUSE);
        stream.advanceMillis(TimeUnit.DAYS.toMillis(365));

        assertThat(stream.events).isEmpty();
        filter.onStreamEnd(stream);
    }

    @Test
    void runtimeTurnsAFaultOnAndSaysItsStatus() {
        stream.runtime("fault.http.abort.abort_percent", 100L).runtime("fault.http.abort.http_status", 407L);

        headers(filter(config(null, new Abort(503, -1, NEVER), null)));

        assertThat(stream.events).containsExactly("reply 407");
    }

    @ParameterizedTest
    @CsvSource({"199, 503", "600, 503", "0, 503", "-1, 503", "200, 200", "599, 599"})
    void aRuntimeStatusThatIsNoneIsNotSent(long value, int status) {
        stream.runtime("fault.http.abort.http_status", value);

        headers(filter(abort(503)));

        assertThat(stream.events).containsExactly("reply " + status);
    }

    @Test
    void runtimeSaysHowLong() {
        stream.runtime("fault.http.delay.fixed_duration_ms", 20L);
        FaultFilter filter = filter(delay(1000));

        headers(filter);
        stream.advanceMillis(20);

        assertThat(stream.events).containsExactly("resumeRequest");
    }

    @Test
    void aDownstreamClustersPercentKeyStandsInForTheGeneralOne() {
        stream.header("x-envoy-downstream-service-cluster", "svc");
        stream.runtime("fault.http.abort.abort_percent", 100L);
        headers(filter(config(null, new Abort(503, -1, NEVER), null)));
        assertThat(stream.reply).isNull();

        stream.runtime("fault.http.svc.abort.abort_percent", 100L)
                .runtime("fault.http.abort.http_status", 400L)
                .runtime("fault.http.svc.abort.http_status", 429L);
        headers(filter(config(null, new Abort(503, -1, NEVER), null)));

        assertThat(stream.events).containsExactly("reply 429");
        assertThat(counter("svc.aborts_injected")).isEqualTo(1);
    }

    @Test
    void aGeneralStatusKeyHasNoEffectForADownstreamCluster() {
        stream.header("x-envoy-downstream-service-cluster", "svc").runtime("fault.http.abort.http_status", 400L);

        headers(filter(abort(503)));

        assertThat(stream.events).containsExactly("reply 503");
    }

    @ParameterizedTest
    @CsvSource({"fault.http.delay.fixed_duration_ms", "fault.http.svc.delay.fixed_duration_ms"})
    void aDelaysTimeComesFromEitherKeyForADownstreamCluster(String key) {
        stream.header("x-envoy-downstream-service-cluster", "svc").runtime(key, 20L);

        headers(filter(delay(1000)));
        stream.advanceMillis(20);

        assertThat(stream.events).containsExactly("resumeRequest");
    }

    @Test
    void downstreamClusterStatsCanBeOff() {
        stream.header("x-envoy-downstream-service-cluster", "svc");
        FaultConfig with = abort(503);

        headers(filter(new FaultConfig(
                null, with.abort(), null, "", List.of(), Set.of(), Long.MAX_VALUE, KEYS, false, Map.of())));

        assertThat(counter("svc.aborts_injected")).isZero();
        assertThat(counter("aborts_injected")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cluster", "node", "header"})
    void aRequestOutOfScopePassesUncounted(String miss) {
        FaultConfig base = abort(503);
        FaultConfig config = new FaultConfig(
                null,
                base.abort(),
                null,
                "u1",
                List.of(HeaderMatcher.present("x-fault")),
                Set.of("n1"),
                Long.MAX_VALUE,
                KEYS,
                true,
                Map.of());
        stream.routedTo(miss.equals("cluster") ? "u2" : "u1");
        stream.header("x-envoy-downstream-service-node", miss.equals("node") ? "n2" : "n1");
        if (!miss.equals("header")) {
            stream.header("x-fault", "1");
        }

        assertThat(headers(filter(config))).isEqualTo(Flow.CONTINUE);
        assertThat(counter("aborts_injected")).isZero();

        FakeHttpStream matching =
                new FakeHttpStream().routedTo("u1").header("x-envoy-downstream-service-node", "n1", "x-fault", "1");
        assertThat(filter(config).onRequestHeaders(matching, matching.requestHeaders(), true))
                .isEqualTo(Flow.PAUSE);
    }

    @Test
    void aRoutesConfigurationReplacesTheFilters() {
        stream.perFilterConfigs.put("fault", config(null, null, null));
        assertThat(headers(filter(abort(503)))).isEqualTo(Flow.CONTINUE);

        stream.perFilterConfigs.put("fault", abort(404));
        headers(filter(config(null, null, null)));
        assertThat(stream.events).containsExactly("reply 404");
    }

    @Test
    void overTheMaximumARequestPasses() {
        FaultConfig base = delay(100);
        FaultConfig config =
                new FaultConfig(base.delay(), null, null, "", List.of(), Set.of(), 1, KEYS, true, Map.of());
        FaultFilter first = filter(config);
        headers(first);

        assertThat(headers(filter(config))).isEqualTo(Flow.CONTINUE);
        assertThat(counter("faults_overflow")).isEqualTo(1);

        stream.advanceMillis(100);
        assertThat(headers(filter(config))).as("after the first delay").isEqualTo(Flow.PAUSE);
    }

    @Test
    void runtimeLowersTheMaximum() {
        stream.runtime("fault.http.max_active_faults", 0L);

        assertThat(headers(filter(abort(503)))).isEqualTo(Flow.CONTINUE);
        assertThat(counter("faults_overflow")).isEqualTo(1);
    }

    @Test
    void aPercentageIsDrawnPerRequest() {
        FaultConfig config = config(null, new Abort(503, -1, new Share(30, 10_000)), null);
        RandomSource random = RandomSource.seeded(42);
        for (int i = 0; i < 10_000; i++) {
            new FaultFilter("fault", config, stats, random, new KillSwitch())
                    .onRequestHeaders(stream, stream.requestHeaders(), true);
        }

        // 3,000 expected; six standard deviations are 275.
        assertThat(counter("aborts_injected")).isBetween(2725L, 3275L);
    }

    @Test
    void aRateLimitSlicesTheBodyInTime() {
        FaultFilter filter = filter(config(null, null, new RateLimit(1, ALWAYS)));
        assertThat(headers(filter)).isEqualTo(Flow.CONTINUE);
        assertThat(counter("response_rl_injected")).isEqualTo(1);
        assertThat(stream.info().dynamicMetadata("envoy.filters.http.fault")).isNull();

        // 1 KiB/s is 51 bytes every 50 ms.
        stream.respondData(filter, "a".repeat(51 * 3), true);
        assertThat(stream.responseBody.readableBytes()).isEqualTo(51);
        stream.advanceMillis(49);
        assertThat(stream.responseBody.readableBytes()).isEqualTo(51);
        stream.advanceMillis(1);
        assertThat(stream.responseBody.readableBytes()).isEqualTo(102);
        assertThat(stream.responseEnded).isFalse();
        stream.advanceMillis(50);

        assertThat(stream.responseBody.toString(StandardCharsets.ISO_8859_1)).isEqualTo("a".repeat(153));
        assertThat(stream.responseEnded).isTrue();
        filter.onStreamEnd(stream);
        assertThat(stats.activeFaults.value()).isZero();
    }

    @Test
    void aSmallBodyPassesAtOnce() {
        FaultFilter filter = filter(config(null, null, new RateLimit(64, ALWAYS)));
        headers(filter);

        stream.respondData(filter, "hello", true);

        assertThat(stream.responseEnded).isTrue();
    }

    @Test
    void trailersWaitForTheBody() {
        FaultFilter filter = filter(config(null, null, new RateLimit(1, ALWAYS)));
        headers(filter);
        stream.respondData(filter, "a".repeat(80), false);

        assertThat(filter.onResponseTrailers(stream, new HeaderMap())).isEqualTo(Flow.PAUSE);
        stream.advanceMillis(50);

        assertThat(stream.events).containsExactly("resumeResponse");
        assertThat(stream.responseBody.readableBytes()).isEqualTo(80);
    }

    @Test
    void aFastSourceIsSlowedAndLetGo() {
        FaultFilter filter = filter(config(null, null, new RateLimit(1024, ALWAYS)));
        headers(filter);

        stream.respondData(filter, "a".repeat(200_000), false);
        assertThat(stream.responseReadsPaused).isEqualTo(1);
        for (int i = 0; i < 4; i++) {
            stream.advanceMillis(50);
        }

        assertThat(stream.responseReadsPaused).isZero();
        assertThat(stream.responseBody.readableBytes()).isEqualTo(200_000);
        filter.onStreamEnd(stream);
    }

    @Test
    void aStreamThatEndsReleasesWhatWaits() {
        FaultFilter filter = filter(config(null, null, new RateLimit(1, ALWAYS)));
        headers(filter);
        io.netty.buffer.ByteBuf data = io.netty.buffer.Unpooled.buffer().writeZero(1000);

        assertThat(filter.onResponseData(stream, data, true)).isEqualTo(Flow.TAKEN);
        data.release();
        assertThat(data.refCnt()).isEqualTo(1);
        filter.onStreamEnd(stream);

        assertThat(data.refCnt()).isZero();
        stream.advanceMillis(1000);
        assertThat(stream.responseBody.readableBytes()).isEqualTo(51);
    }

    @ParameterizedTest
    @CsvSource({"1, true", "0, false", "x, false", "-3, false"})
    void theHeaderSaysTheRate(String header, boolean limited) {
        stream.header("x-envoy-fault-throughput-response", header);

        headers(filter(config(null, null, new RateLimit(-1, ALWAYS))));

        assertThat(counter("response_rl_injected")).isEqualTo(limited ? 1 : 0);
    }

    @Test
    void aDelayedAndLimitedRequestStaysActiveToItsEnd() {
        FaultFilter filter =
                filter(config(new Delay(TimeUnit.MILLISECONDS.toNanos(10), ALWAYS), null, new RateLimit(1, ALWAYS)));

        headers(filter);
        stream.advanceMillis(10);

        assertThat(stats.activeFaults.value()).isEqualTo(1);
        filter.onStreamEnd(stream);
        assertThat(stats.activeFaults.value()).isZero();
    }
}
