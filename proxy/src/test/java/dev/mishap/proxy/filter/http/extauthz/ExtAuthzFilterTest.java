package dev.mishap.proxy.filter.http.extauthz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.filter.http.extauthz.Answer.Change;
import dev.mishap.proxy.filter.http.extauthz.Answer.How;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.observe.stats.StatsStore;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ExtAuthzFilterTest {
    private static final Answer YES =
            new Answer(true, 200, "", List.of(), List.of(), List.of(), List.of(), List.of(), Map.of());

    private final FakeHttpStream stream = new FakeHttpStream().routedTo("c");
    private final StatsStore store = new StatsStore();
    private final Service service = new Service();

    /** A service that answers when the test says so, or at once. */
    private static final class Service implements Check {
        @Nullable
        Answer atOnce;

        @Nullable
        Question question;

        @Nullable
        Asker asker;

        boolean cancelled;

        @Override
        public void ask(HttpStream stream, Question asked, Asker who) {
            question = asked;
            asker = who;
            if (atOnce != null) {
                who.onAnswer(atOnce);
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        Asker asker() {
            Asker who = asker;
            if (who == null) {
                throw new AssertionError("not asked");
            }
            return who;
        }

        String body() {
            Question asked = question;
            return asked == null ? "not asked" : new String(asked.body(), StandardCharsets.US_ASCII) + asked.partial();
        }
    }

    private ExtAuthzFilter filter(String yaml) {
        ExtAuthzConfig config = ExtAuthzConfig.from(ConfigReader.checkedYaml(
                ExtAuthzConfig.FILTER,
                "transport_api_version: V3\ngrpc_service: {envoy_grpc: {cluster_name: a}}\n" + yaml));
        ExtAuthzStats stats = new ExtAuthzStats(store.scope("http.p."), name -> null, config);
        return new ExtAuthzFilter("ea", config, stats, () -> service, RandomSource.seeded(1));
    }

    private Flow data(ExtAuthzFilter filter, String text, boolean end) {
        ByteBuf data = Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
        Flow flow = filter.onRequestData(stream, data, end);
        data.release();
        return flow;
    }

    private long stat(String name) {
        return store.counter("http.p.ext_authz." + name).value();
    }

    @Test
    void aRequestWaitsForTheAnswer() {
        ExtAuthzFilter filter = filter("");

        assertThat(filter.onRequestHeaders(stream, stream.requestHeaders, false))
                .isEqualTo(Flow.HOLD);
        assertThat(data(filter, "x", true)).isEqualTo(Flow.PAUSE);
        service.asker().onAnswer(YES);

        assertThat(stream.events).containsExactly("resumeRequest");
        assertThat(stat("ok")).isEqualTo(1);
    }

    @Test
    void anAnswerMayComeAtOnce() {
        service.atOnce = YES;

        assertThat(filter("").onRequestHeaders(stream, stream.requestHeaders, true))
                .isEqualTo(Flow.CONTINUE);
        assertThat(stream.events).isEmpty();
    }

    @Test
    void aRefusalIsAnswered() {
        service.atOnce = Answer.denied(401, "no", List.of(new Change("x-why", "1", How.ADD)), Map.of("user", "joe"));

        assertThat(filter("").onRequestHeaders(stream, stream.requestHeaders, true))
                .isEqualTo(Flow.PAUSE);

        assertThat(stream.events).containsExactly("reply 401");
        assertThat(stream.info().hasFlag(ResponseFlag.UNAUTHORIZED_EXTERNAL_SERVICE))
                .isTrue();
        assertThat(stream.info().dynamicMetadata("envoy.filters.http.ext_authz"))
                .containsEntry("user", "joe")
                .containsEntry("ext_authz_duration", 0.0);
        assertThat(stat("denied")).isEqualTo(1);
    }

    @Test
    void metadataMayBeLeftOut() {
        service.atOnce = Answer.denied(401, "", List.of(), Map.of("user", "joe"));

        filter("enable_dynamic_metadata_ingestion: false").onRequestHeaders(stream, stream.requestHeaders, true);

        assertThat(stream.info().allDynamicMetadata()).isEmpty();
        assertThat(stat("ignored_dynamic_metadata")).isEqualTo(1);
    }

    @Test
    void anErrorRefuses() {
        filter("status_on_error: {code: 503}").onRequestHeaders(stream, stream.requestHeaders, true);
        service.asker().onError();

        assertThat(stream.events).containsExactly("reply 503");
        assertThat(stat("error")).isEqualTo(1);
    }

    @Test
    void anErrorMayBeForgiven() {
        filter("failure_mode_allow: true\nfailure_mode_allow_header_add: true")
                .onRequestHeaders(stream, stream.requestHeaders, true);
        service.asker().onError();

        assertThat(stream.events).containsExactly("resumeRequest");
        assertThat(stream.requestHeaders.get(HeaderName.of("x-envoy-auth-failure-mode-allowed")))
                .isEqualTo("true");
        assertThat(stat("failure_mode_allowed")).isEqualTo(1);
    }

    @Test
    void aBodyIsCollectedUpToItsLimit() {
        ExtAuthzFilter filter = filter("with_request_body: {max_request_bytes: 5, allow_partial_message: true}");

        assertThat(filter.onRequestHeaders(stream, stream.requestHeaders, false))
                .isEqualTo(Flow.HOLD);
        assertThat(data(filter, "012", false)).isEqualTo(Flow.PAUSE);
        assertThat(service.body()).isEqualTo("not asked");
        assertThat(data(filter, "3456", false)).isEqualTo(Flow.PAUSE);

        assertThat(service.body()).isEqualTo("01234true");
    }

    @Test
    void aBodyThatIsTooLongIsRefused() {
        ExtAuthzFilter filter = filter("with_request_body: {max_request_bytes: 5}");
        filter.onRequestHeaders(stream, stream.requestHeaders, false);

        assertThat(data(filter, "0123456", false)).isEqualTo(Flow.PAUSE);

        assertThat(stream.events).containsExactly("reply 413");
        assertThat(service.question).isNull();
    }

    @Test
    void aRouteTellsMore() {
        stream.perFilterConfigs.put(
                "ea",
                ExtAuthzConfig.PerRoute.from(ConfigReader.checkedYaml(
                        ExtAuthzConfig.PER_ROUTE,
                        "check_settings: {context_extensions: {a: b}, disable_request_body_buffering: true}")));
        filter("with_request_body: {max_request_bytes: 5}").onRequestHeaders(stream, stream.requestHeaders, false);

        assertThat(service.question)
                .satisfies(q -> assertThat(q.extensions()).containsExactly(Map.entry("a", "b")))
                .satisfies(q -> assertThat(q.withBody()).isFalse());
    }

    @Test
    void withoutARouteNobodyIsAsked() {
        stream.route = null;

        assertThat(filter("").onRequestHeaders(stream, stream.requestHeaders, true))
                .isEqualTo(Flow.CONTINUE);
        assertThat(service.question).isNull();
    }

    @Test
    void aRouteIsFoundAnewWhenTheRequestIsAnother() {
        service.atOnce = new Answer(
                true,
                200,
                "",
                List.of(new Change("x-a", "1", How.SET)),
                List.of(),
                List.of(new Change("x-r", "1", How.ADD)),
                List.of(),
                List.of(),
                Map.of());
        ExtAuthzFilter filter = filter("clear_route_cache: true");
        HeaderMap response = new HeaderMap();

        filter.onRequestHeaders(stream, stream.requestHeaders, true);
        filter.onResponseHeaders(stream, response, true);

        assertThat(stream.events).containsExactly("clearRouteCache");
        assertThat(response.toString()).isEqualTo("{x-r=1}");
    }

    @Test
    void whoLeavesIsNotAnswered() {
        ExtAuthzFilter filter = filter("");
        filter.onRequestHeaders(stream, stream.requestHeaders, true);

        filter.onStreamEnd(stream);
        service.asker().onAnswer(YES);

        assertThat(service.cancelled).isTrue();
        assertThat(stream.events).isEmpty();
    }
}
