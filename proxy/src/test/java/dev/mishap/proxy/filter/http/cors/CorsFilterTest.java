package dev.mishap.proxy.filter.http.cors;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class CorsFilterTest {
    private final StatsStore store = new StatsStore();
    private final CorsFilter.Stats stats = new CorsFilter.Stats(store.counter("valid"), store.counter("invalid"));
    private final FakeHttpStream stream = new FakeHttpStream().routedTo("c");
    private final CorsFilter filter = new CorsFilter("cors", stats, RandomSource.seeded(1));

    private void policy(String yaml) {
        stream.perFilterConfigs.put("cors", CorsPolicy.from(ConfigReader.checkedYaml(CorsPolicy.MESSAGE, yaml)));
    }

    private Flow request() {
        return filter.onRequestHeaders(stream, stream.requestHeaders, true);
    }

    private HeaderMap response() {
        HeaderMap headers = new HeaderMap();
        LocalReply reply = stream.reply;
        if (reply != null) {
            Objects.requireNonNull(reply.headers()).apply(headers);
        }
        filter.onResponseHeaders(stream, headers, true);
        return headers;
    }

    @Test
    void aPreflightIsAnswered() {
        policy("{allow_origin_string_match: [{exact: 'https://a'}], allow_methods: GET, max_age: '5',"
                + " allow_private_network_access: true}");
        stream.method("OPTIONS")
                .header("origin", "https://a", "access-control-request-method", "PUT")
                .header("access-control-request-private-network", "true");

        assertThat(request()).isEqualTo(Flow.PAUSE);

        assertThat(response().toString())
                .isEqualTo("{access-control-allow-methods=GET, access-control-max-age=5,"
                        + " access-control-allow-private-network=true, access-control-allow-origin=https://a}");
        assertThat(stats.originValid().value()).isEqualTo(1);
    }

    @Test
    void aPreflightOfAnotherOriginGoesOnUnlessItIsNotToBeForwarded() {
        policy("{allow_origin_string_match: [{exact: 'https://a'}], allow_methods: GET}");
        stream.method("OPTIONS").header("origin", "https://b", "access-control-request-method", "PUT");

        assertThat(request()).isEqualTo(Flow.CONTINUE);

        policy("{allow_origin_string_match: [{exact: 'https://a'}], allow_methods: GET,"
                + " forward_not_matching_preflights: false}");
        assertThat(request()).isEqualTo(Flow.PAUSE);
        assertThat(response().contains(HeaderName.of("access-control-allow-origin")))
                .isFalse();
        assertThat(stats.originInvalid().value()).isEqualTo(2);
    }

    @Test
    void theShadowOnlyCounts() {
        policy("{allow_origin_string_match: [{exact: '*'}], filter_enabled: {default_value: {numerator: 0}},"
                + " shadow_enabled: {default_value: {numerator: 100}}}");
        stream.header("origin", "https://b");

        assertThat(request()).isEqualTo(Flow.CONTINUE);

        assertThat(response().size()).isZero();
        assertThat(stats.originValid().value()).isEqualTo(1);
    }
}
