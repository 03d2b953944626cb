package dev.mishap.proxy.filter.http.admissioncontrol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.route.match.RuntimeFlag;
import dev.mishap.proxy.transport.LoopLocal;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdmissionControlFilterTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final StatsStore stats = new StatsStore();
    private final FakeHttpStream stream = new FakeHttpStream();
    private long drawn;

    private AdmissionControlConfig config(double aggression, double successRate, double rps, double mostRejected) {
        return new AdmissionControlConfig(
                new RuntimeFlag("on", true),
                new RuntimeNumber("", aggression),
                new RuntimeNumber("rate", successRate),
                new RuntimeNumber("", rps),
                new RuntimeNumber("", mostRejected),
                new SuccessCriteria(
                        ConfigReader.checkedYaml(AdmissionControlExtension.TYPE + ".SuccessCriteria", "{}")),
                new LoopLocal<>(loop -> new History(30)),
                () -> drawn,
                stats.counter("rejected"),
                stats.counter("success"),
                stats.counter("failure"));
    }

    /** Sends one request, which is answered if it may go on. */
    private boolean admits(AdmissionControlConfig config, int status) {
        AdmissionControlFilter filter = new AdmissionControlFilter(config);
        boolean admitted = filter.onRequestHeaders(stream, stream.requestHeaders, true) == Flow.CONTINUE;
        HeaderMap response = new HeaderMap();
        response.add(HeaderName.STATUS, String.valueOf(admitted ? status : 503));
        filter.onResponseHeaders(stream, response, true);
        return admitted;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "enabled: {default_value: true}",
                "aggression: {default_value: 1.5}",
                "rps_threshold: {default_value: 5}",
                "max_rejection_probability: {default_value: {value: 50}}"
            })
    void settingsNeedNoRuntimeKey(String setting) {
        assertThatCode(() ->
                        ConfigReader.checkedYaml(AdmissionControlExtension.TYPE, "success_criteria: {}\n" + setting))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest(name = "{0} successes of {1}: the draws below {6} are refused")
    @CsvSource(textBlock = """
            # successes, requests, aggression, threshold, most, rps, refused draws
            0,  9, 1, 95,   80,  0, 8000
            0,  9, 1, 95,   100, 0, 9000
            0,  1, 2, 95,   100, 0, 7072
            5, 10, 1, 50,   80,  0, 0
            5, 10, 1, 100,  80,  0, 4546
            5, 10, 0.1, 100, 80, 0, 4546
            9, 10, 1, 95,   80,  0, 479
            0,  9, 1, 95,   80,  1, 0
            0, 30, 1, 95,   80,  1, 8000
            """)
    void refusesByTheShareOfSuccesses(
            int successes, int requests, double aggression, double threshold, double most, double rps, int refused) {
        AdmissionControlConfig config = config(aggression, threshold, rps, most);
        History history = config.history().get(stream.loop());
        for (int i = 0; i < requests; i++) {
            history.record(i < successes, stream.nanoTime());
        }

        drawn = 10_000L * 7 + refused; // only the rest counts
        assertThat(config.refuses(history, stream.runtime(), stream.nanoTime())).isFalse();
        if (refused > 0) {
            drawn = refused - 1;
            assertThat(config.refuses(history, stream.runtime(), stream.nanoTime()))
                    .isTrue();
        }
    }

    @Test
    void whatIsRefusedDoesNotCount() {
        AdmissionControlConfig config = config(1, 95, 0, 80);
        assertThat(admits(config, 500)).isTrue();
        assertThat(admits(config, 200)).isFalse();
        assertThat(admits(config, 200)).isFalse();

        assertThat(stream.reply.details()).isEqualTo("denied_by_admission_control");
        assertThat(stats.value("rejected")).isEqualTo(2);
        assertThat(stats.value("failure")).isEqualTo(1);
        assertThat(config.history().get(stream.loop()).requests()).isEqualTo(1);
    }

    @Test
    void whenSwitchedOffNothingCounts() {
        stream.runtimeValues.put("on", false);
        AdmissionControlConfig config = config(1, 95, 0, 80);

        assertThat(admits(config, 500)).isTrue();
        assertThat(admits(config, 500)).isTrue();

        assertThat(stats.value("failure")).isZero();
    }

    @Test
    void runtimeChangesTheThreshold() {
        AdmissionControlConfig config = config(1, 95, 0, 80);
        assertThat(admits(config, 500)).isTrue();
        assertThat(admits(config, 200)).isFalse();
        config.history().get(stream.loop()).record(true, stream.nanoTime());
        stream.runtimeValues.put("rate", 1.0);

        assertThat(admits(config, 200)).isTrue(); // one success of a hundred would do
    }

    @Test
    void secondsLeaveTheWindowOneByOne() {
        History history = new History(3);
        history.record(true, 0);
        history.record(false, SECOND - 1);
        history.record(false, SECOND);
        assertThat(history.averageRps(SECOND)).isEqualTo(1);
        assertThat(history.requests()).isEqualTo(3);

        history.update(3 * SECOND - 1);
        assertThat(history.requests()).isEqualTo(3);
        history.update(3 * SECOND);
        assertThat(history.requests()).isEqualTo(1);
        assertThat(history.successes()).isZero();
        history.update(4 * SECOND);
        assertThat(history.requests()).isZero();
        assertThat(history.averageRps(4 * SECOND)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0,true", "4,false", "16,true", "17,false", "-1,false", "x,false", "'',false", "99999999999,false"})
    void grpcStatusesByDefault(String status, boolean success) {
        SuccessCriteria criteria = new SuccessCriteria(
                ConfigReader.checkedYaml(AdmissionControlExtension.TYPE + ".SuccessCriteria", "{}"));
        assertThat(criteria.ofGrpc(status)).isEqualTo(success);
    }
}
