package dev.mishap.proxy.filter.http.localratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LocalRateLimitFilterTest {
    private static final String ALL = "filter_enabled: {default_value: {numerator: 100}}\n"
            + "filter_enforced: {default_value: {numerator: 100}}\n";

    private final StatsStore store = new StatsStore();

    private LocalRateLimitConfig config(String yaml) {
        return LocalRateLimitConfig.from(
                ConfigReader.checkedYaml(LocalRateLimitConfig.MESSAGE, "stat_prefix: rl\n" + yaml),
                new LocalRateLimitStats(store.scope("rl.")),
                "here",
                0);
    }

    private static FakeHttpStream send(LocalRateLimitConfig config, String... headers) {
        FakeHttpStream stream = new FakeHttpStream().header(headers);
        new LocalRateLimitFilter("rl", config, RandomSource.seeded(1))
                .onRequestHeaders(stream, stream.requestHeaders(), true);
        return stream;
    }

    @Test
    void aRequestWithoutATokenIsRefused() {
        LocalRateLimitConfig config = config(ALL + "token_bucket: {max_tokens: 1, fill_interval: 3600s}\n"
                + "status: {code: 503}\nrate_limited_as_resource_exhausted: true\n"
                + "response_headers_to_add: [{header: {key: x-l, value: '1'}}]");

        assertThat(send(config).reply).isNull();
        FakeHttpStream refused = send(config);

        assertThat(Objects.requireNonNull(refused.reply).status()).isEqualTo(503);
        assertThat(refused.reply.grpcStatus()).isEqualTo(8);
        HeaderMap headers = new HeaderMap();
        Objects.requireNonNull(refused.reply.headers()).apply(headers);
        assertThat(headers.get(HeaderName.of("x-l"))).isEqualTo("1");
        assertThat(store.counter("rl.enforced").value()).isEqualTo(1);
        assertThat(store.counter("rl.ok").value()).isEqualTo(1);
    }

    @Test
    void whatIsNotEnforcedIsMarkedAndGoesOn() {
        LocalRateLimitConfig config = config("filter_enabled: {default_value: {numerator: 100}}\n"
                + "token_bucket: {max_tokens: 0, fill_interval: 3600s}\n"
                + "request_headers_to_add_when_not_enforced: [{header: {key: x-over, value: '1'}}]");

        FakeHttpStream stream = send(config);

        assertThat(stream.reply).isNull();
        assertThat(stream.requestHeaders().get(HeaderName.of("x-over"))).isEqualTo("1");
        assertThat(store.counter("rl.rate_limited").value()).isEqualTo(1);
        assertThat(store.counter("rl.enforced").value()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "'{request_headers: {header_name: x-k, descriptor_key: k}}', x-k, true",
        "'{request_headers: {header_name: x-k, descriptor_key: k}}', x-other, false",
        "'{request_headers: {header_name: x-none, descriptor_key: z, skip_if_absent: true}}, "
                + "{generic_key: {descriptor_key: k, descriptor_value: v}}', x-k, true",
        "'{request_headers: {header_name: x-none, descriptor_key: z}}, "
                + "{generic_key: {descriptor_key: k, descriptor_value: v}}', x-k, false",
        "'{header_value_match: {descriptor_key: k, descriptor_value: v, expect_match: false, headers: [{name: x-k}]}}', x-o, true",
        "'{generic_key: {descriptor_key: k, descriptor_value: v}}, {generic_key: {descriptor_value: more}}', x-k, false"
    })
    void aDescriptorLimitsWhatItMatchesInFull(String actions, String header, boolean refused) {
        LocalRateLimitConfig config = config(ALL + "token_bucket: {max_tokens: 100, fill_interval: 3600s}\n"
                + "rate_limits: [{actions: [" + actions + "]}]\n"
                + "descriptors: [{entries: [{key: k, value: v}], token_bucket: {max_tokens: 0, fill_interval: 60s}}]");

        assertThat(send(config, header, "v").reply != null).isEqualTo(refused);
    }

    @ParameterizedTest
    @CsvSource({"3, 3", "10, 1", "0, 0"})
    void aRequestTakesAsManyTokensAsItsHitsAre(int hits, int allowed) {
        LocalRateLimitConfig config =
                config(ALL + "rate_limits: [{hits_addend: {number: " + hits + "}, actions: [{generic_key: "
                        + "{descriptor_key: k, descriptor_value: v}}]}]\n"
                        + "descriptors: [{entries: [{key: k, value: v}], token_bucket: {max_tokens: 10, "
                        + "tokens_per_fill: 1, fill_interval: 36000s}}]");

        for (int i = 0; i < allowed; i++) {
            assertThat(send(config).reply).isNull();
        }
        assertThat(send(config).reply).isNotNull();
    }

    @Test
    void aDescriptorWithoutAValueLimitsEachValueForItself() {
        LocalRateLimitConfig config = config(ALL
                + "max_dynamic_descriptors: 2\n"
                + "rate_limits: [{actions: [{request_headers: {header_name: x-k, descriptor_key: k}}]}]\n"
                + "descriptors: [{entries: [{key: k}], token_bucket: {max_tokens: 1, fill_interval: 3600s}}]");

        for (String value : new String[] {"a", "b"}) {
            assertThat(send(config, "x-k", value).reply).isNull();
            assertThat(send(config, "x-k", value).reply).isNotNull();
        }
        send(config, "x-k", "c");
        assertThat(send(config, "x-k", "a").reply)
                .as("the least recently used is forgotten")
                .isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "token_bucket: {max_tokens: 1, fill_interval: 0.01s} | local rate limit token bucket fill timer must be >= 50ms",
                "rate_limits: [{stage: 1, actions: [{remote_address: {}}]}] | 'stage' field and 'disable_key' field are not supported",
                "descriptors: [{entries: [{key: a, value: b}], token_bucket: {max_tokens: 1, fill_interval: 0.01s}}] |"
                        + " local rate limit descriptor token bucket fill timer must be >= 50ms",
                "descriptors: [{entries: [{key: a}], token_bucket: {max_tokens: 1, fill_interval: 1s}}, {entries: [{key: a}],"
                        + " token_bucket: {max_tokens: 1, fill_interval: 1s}}] |"
                        + " duplicate descriptor in the local rate descriptor: a="
            })
    void whatEnvoyRefusesIsRefusedInItsWords(String yaml, String message) {
        assertThatThrownBy(() -> config(yaml)).hasMessage(message);
    }
}
