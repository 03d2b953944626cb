package dev.mishap.proxy.filter.http.csrf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.observe.stats.StatsStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CsrfFilterTest {
    private static final String ON = "filter_enabled: {default_value: {numerator: 100}}\n";
    private static final String OFF = "filter_enabled: {default_value: {numerator: 0}}\n";

    private final StatsStore stats = new StatsStore();
    private final FakeHttpStream stream = new FakeHttpStream().method("POST");

    private static CsrfPolicy policy(String yaml) {
        return CsrfPolicy.from(ConfigReader.checkedYaml("envoy.extensions.filters.http.csrf.v3.CsrfPolicy", yaml));
    }

    private Flow send(String yaml) {
        CsrfFilter filter = new CsrfFilter(new CsrfFilter.Config(
                "c",
                policy(yaml),
                RandomSource.seeded(1),
                stats.counter("missing"),
                stats.counter("invalid"),
                stats.counter("valid")));
        return filter.onRequestHeaders(stream, stream.requestHeaders(), true);
    }

    @ParameterizedTest
    @CsvSource({
        "http://test, true",
        "http://test/page?q, true",
        "https://u@test, true",
        "test, true",
        "http://TEST, false",
        "http://test:80, false",
        "null, false",
        "http://other, false",
        "http://a.friend, true",
        "http://a.friend:1, false",
        "://test, false",
        "1http://test, false",
        "h!://test, false",
        "ftp://test, true",
        "http://other#@test, false",
        "'http://other\\@test', false",
        "http://test#x, false",
        "http://u@v@test, false"
    })
    void onlyPagesOfTheSiteOrAnAllowedOneMayChangeThings(String origin, boolean passes) {
        stream.header("origin", origin);

        assertThat(send(ON + "additional_origins: [{suffix: .friend}]")).isEqualTo(passes ? Flow.CONTINUE : Flow.PAUSE);
        assertThat(stream.reply == null).isEqualTo(passes);
    }

    @Test
    void refererStandsInForAnOriginThatIsNotThere() {
        stream.header("referer", "http://test/page");

        assertThat(send(ON)).isEqualTo(Flow.CONTINUE);
    }

    @Test
    void whatChangesNothingIsNotLookedAt() {
        stream.method("GET").header("origin", "http://other");

        assertThat(send(ON)).isEqualTo(Flow.CONTINUE);
        assertThat(stats.counter("invalid").value()).isZero();
    }

    @Test
    void inItsShadowRequestsAreCountedAlone() {
        stream.header("origin", "http://other");

        assertThat(send(OFF + "shadow_enabled: {default_value: {numerator: 100}}"))
                .isEqualTo(Flow.CONTINUE);
        assertThat(stats.counter("invalid").value()).isEqualTo(1);
    }

    @Test
    void theRoutesPolicyStandsInForTheFilters() {
        stream.header("origin", "http://other");
        stream.perFilterConfigs.put("c", policy(OFF));

        assertThat(send(ON)).isEqualTo(Flow.CONTINUE);
    }
}
