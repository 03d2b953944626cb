package dev.mishap.proxy.filter.http.mishap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.rules.KillSwitch;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpFaultFilterTest {
    private final StatsStore stats = new StatsStore();
    private final FakeHttpStream stream = new FakeHttpStream();

    private static HttpFaultConfig parse(String yaml) {
        return HttpFaultConfig.from(ConfigReader.checkedYaml(HttpFaultConfig.MESSAGE, yaml), rules -> {
            throw new AssertionError(rules);
        });
    }

    private HttpFaultFilter filter(HttpFaultConfig config, RandomSource random) {
        return new HttpFaultFilter(new HttpFaultFilter.Shared(
                "f", config, stats.counter("resets"), random, new RulesFilterStats(stats), "in", new KillSwitch()));
    }

    private Flow run(HttpFaultConfig config) {
        return filter(config, RandomSource.seeded(1)).onRequestHeaders(stream, stream.requestHeaders(), true);
    }

    @Test
    void resetsWhatMatches() {
        HttpFaultConfig config = parse(
                "{reset: {percentage: {numerator: 100}}, headers: [{name: x-a, string_match: {exact: b}}], experiment_id: E1}");

        assertThat(run(config)).isEqualTo(Flow.CONTINUE);
        stream.header("x-a", "b");
        assertThat(run(config)).isEqualTo(Flow.PAUSE);

        assertThat(stream.events).containsExactly("reset mishap_reset");
        assertThat(stream.info().hasFlag(ResponseFlag.FAULT_INJECTED)).isTrue();
        assertThat(stream.info().dynamicMetadata("mishap")).isEqualTo(Map.of("experiment", "E1", "fault", "reset"));
        assertThat(stats.value("resets")).isEqualTo(1);
    }

    @Test
    void drawsByPercentage() {
        HttpFaultConfig config = parse("{reset: {percentage: {numerator: 2500, denominator: TEN_THOUSAND}}}");
        RandomSource random = RandomSource.seeded(3);
        for (int i = 0; i < 4000; i++) {
            filter(config, random).onRequestHeaders(stream, stream.requestHeaders(), true);
        }

        // 1,000 expected; six standard deviations are 165.
        assertThat(stats.value("resets")).isBetween(835L, 1165L);
    }

    @Test
    void anEmptyRouteConfigurationSwitchesItOff() {
        stream.perFilterConfigs.put("f", parse("{}"));

        assertThat(run(parse("{reset: {percentage: {numerator: 100}}}"))).isEqualTo(Flow.CONTINUE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{reset: {}}", "{experiment_id: 'a b'}", "{unknown: 1}"})
    void refuses(String yaml) {
        assertThatThrownBy(() -> parse(yaml)).isInstanceOf(ConfigException.class);
    }
}
