package dev.mishap.proxy.filter.http.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.rules.StoreFixture;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Limits;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Tag;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Delay;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Reset;
import dev.mishap.rules.fault.ResponseRateLimit;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import dev.mishap.rules.schedule.Schedule;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RulesFilterTest {
    private final StoreFixture fixture = new StoreFixture();
    private final RulesFilterStats stats = new RulesFilterStats(fixture.stats);
    private final RulesFilterFactory factory =
            new RulesFilterFactory(fixture.store, stats, "ingress", request -> false);
    private final FakeHttpStream stream = new FakeHttpStream();

    private static FaultRule rule(String name, Fault fault, Scope scope, Tag tag) {
        return new FaultRule(
                name, Map.of(), "exp", 0, scope, Percentage.FULL, fault, Limits.NONE, Schedule.ALWAYS, null, null, tag);
    }

    private void put(String name, Fault fault) {
        fixture.put(rule(name, fault, Scope.ANY, Tag.NONE));
    }

    private Flow run(HttpFilter filter) {
        return filter.onRequestHeaders(stream, stream.requestHeaders(), true);
    }

    @Test
    void withoutRulesThereIsOneFilterForAll() {
        assertThat(factory.create()).isSameAs(factory.create());
        put("r", Abort.http(503));
        assertThat(factory.create()).isNotSameAs(factory.create());
        fixture.delete("r");
        assertThat(run(factory.create())).isEqualTo(Flow.CONTINUE);
    }

    @Test
    void anAbortIsAnsweredAndTagged() {
        put("r", Abort.http(503));
        HttpFilter filter = factory.create();

        assertThat(run(filter)).isEqualTo(Flow.PAUSE);

        assertThat(stream.reply).isEqualTo(LocalReply.of(503, "fault filter abort", "mishap_abort"));
        assertThat(stream.info().hasFlag(ResponseFlag.FAULT_INJECTED)).isTrue();
        assertThat(stream.info().dynamicMetadata("mishap"))
                .isEqualTo(Map.of("experiment", "exp", "rule", "r", "fault", "abort"));
        assertThat(fixture.stats.value("mishap.experiment.exp.touched")).isEqualTo(1);
        assertThat(fixture.stats.value("mishap.active_faults")).isEqualTo(1);
        filter.onStreamEnd(stream);
        assertThat(fixture.stats.value("mishap.active_faults")).isZero();
    }

    @Test
    void anAbortsBodyAndGrpcStatusAreItsOwn() {
        put("r", Abort.grpc(14, "gone"));

        run(factory.create());

        assertThat(stream.reply).isEqualTo(new LocalReply(200, "gone", "mishap_abort", 14, null));
    }

    @Test
    void aResetBreaksTheConnection() {
        put("r", new Reset());

        assertThat(run(factory.create())).isEqualTo(Flow.PAUSE);

        assertThat(stream.events).containsExactly("reset mishap_reset");
        assertThat(fixture.stats.value("mishap.resets_injected")).isEqualTo(1);
    }

    @Test
    void delaysAddUpBeforeTheAbort() {
        put("a", new Delay(Duration.ofMillis(30)));
        put("b", new Delay(Duration.ofMillis(20)));
        put("c", Abort.http(429));
        HttpFilter filter = factory.create();

        assertThat(run(filter)).isEqualTo(Flow.PAUSE);
        stream.advanceMillis(49);
        assertThat(stream.events).isEmpty();
        stream.advanceMillis(1);

        assertThat(stream.events).containsExactly("reply 429");
        assertThat(stream.info().dynamicMetadata("mishap"))
                .containsEntry("rule", "c,a,b")
                .containsEntry("fault", "abort,delay")
                .containsEntry("experiment", "exp");
        assertThat(fixture.stats.value("mishap.experiment.exp.touched")).isEqualTo(1);
    }

    @Test
    void aDelayAloneLetsTheRequestGo() {
        put("a", new Delay(Duration.ofMillis(30)));
        HttpFilter filter = factory.create();

        run(filter);
        stream.advanceMillis(30);

        assertThat(stream.events).containsExactly("resumeRequest");
        assertThat(stream.info().hasFlag(ResponseFlag.DELAY_INJECTED)).isTrue();
    }

    @Test
    void aStreamThatEndsDuringItsDelayIsLeftAlone() {
        put("a", new Delay(Duration.ofMillis(30)));
        HttpFilter filter = factory.create();

        run(filter);
        filter.onStreamEnd(stream);
        stream.advanceMillis(60);

        assertThat(stream.events).isEmpty();
    }

    @Test
    void aResponseIsSlowed() {
        put("r", new ResponseRateLimit(1));
        HttpFilter filter = factory.create();

        assertThat(run(filter)).isEqualTo(Flow.CONTINUE);
        stream.respondData(filter, "a".repeat(60), true);
        assertThat(stream.responseBody.readableBytes()).isEqualTo(51);
        stream.advanceMillis(50);

        assertThat(stream.responseEnded).isTrue();
    }

    @Test
    void onlyTheScopeIsTouched() {
        HeaderMatcher canary = HeaderMatcher.of("x-user-tier", StringMatcher.exact("canary"));
        fixture.put(rule("r", Abort.http(503), Scope.ANY.withHeaders(List.of(canary)), Tag.NONE));

        assertThat(run(factory.create())).isEqualTo(Flow.CONTINUE);
        assertThat(stream.info().dynamicMetadata("mishap")).isNull();

        stream.header("x-user-tier", "canary");
        assertThat(run(factory.create())).isEqualTo(Flow.PAUSE);
    }

    @Test
    void scopesSeeListenerRouteClusterAndThePathWithoutQuery() {
        Scope scope = new Scope(
                List.of("ingress"),
                List.of("u1"),
                List.of(),
                List.of("GET"),
                StringMatcher.exact("/pay"),
                List.of(),
                dev.mishap.rules.Source.ANY,
                dev.mishap.rules.Cohort.ALL);
        fixture.put(rule("r", Abort.http(503), scope, Tag.NONE));

        assertThat(run(factory.create())).isEqualTo(Flow.CONTINUE);
        stream.path("/pay?x=1").routedTo("u1");
        assertThat(run(factory.create())).isEqualTo(Flow.PAUSE);
        assertThat(new RulesFilterFactory(fixture.store, stats, "egress", request -> false)
                        .create()
                        .onRequestHeaders(stream, stream.requestHeaders(), true))
                .isEqualTo(Flow.CONTINUE);
    }

    @Test
    void tagsGoIntoBaggageAndTheResponseWhenAsked() {
        fixture.put(rule("r", new Delay(Duration.ofMillis(1)), Scope.ANY, new Tag("x-chaos", true)));
        stream.header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "baggage", "user=a");
        HttpFilter filter = factory.create();

        run(filter);
        HeaderMap response = new HeaderMap();
        filter.onResponseHeaders(stream, response, true);

        assertThat(stream.requestHeaders().get(Baggage.HEADER)).isEqualTo("user=a,chaos.experiment.id=exp");
        assertThat(stream.requestHeaders().get(HeaderName.of("traceparent")))
                .isEqualTo("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assertThat(response.get(HeaderName.of("x-chaos"))).isEqualTo("exp");
    }

    @Test
    void anObserverCountsOutcomes() {
        fixture.observe("o", dev.mishap.rules.Cohort.ALL);

        end("200", "", true);
        end("503", "", true);
        end("200", "", false);
        stream.header("content-type", "application/grpc");
        end("200", "0", true);
        end("200", "14", true);
        HttpFilter waiting = factory.create();
        run(waiting);

        fixture.advanceMillis(0);
        Map<String, Object> all = fixture.observed("o");
        assertThat(all)
                .containsEntry("requests", 5L)
                .containsEntry("successes", 2L)
                .containsEntry("failures", 3L)
                .containsEntry("resets", 1L)
                .containsEntry("inFlight", 1L);
        waiting.onStreamEnd(stream);
        assertThat(fixture.observed("o")).containsEntry("requests", 6L).containsEntry("inFlight", 0L);
    }

    private void end(String status, String grpcStatus, boolean complete) {
        HttpFilter filter = factory.create();
        run(filter);
        HeaderMap response = new HeaderMap();
        response.add(HeaderName.STATUS, status);
        if (!grpcStatus.isEmpty()) {
            response.add(HeaderName.GRPC_STATUS, grpcStatus);
        }
        stream.responseHeaders = response;
        filter.onResponseHeaders(stream, response, complete);
        filter.onStreamEnd(stream);
    }

    @Test
    void ofSeveralDelaysThoseOfEndedRulesAreTakenOut() {
        put("a", new Delay(Duration.ofMillis(30)));
        put("b", new Delay(Duration.ofMillis(20)));
        HttpFilter filter = factory.create();
        run(filter);
        stream.advanceMillis(10);

        fixture.delete("a");
        rulesEnded();
        stream.advanceMillis(9);
        assertThat(stream.events).isEmpty();
        stream.advanceMillis(1);
        assertThat(stream.events).containsExactly("resumeRequest");
        filter.onStreamEnd(stream);
        assertThat(fixture.stats.value("mishap.active_faults")).isZero();
    }

    @Test
    void aReplacedRuleKeepsWhatItHoldsUntilTheNewOneEnds() {
        put("a", new Delay(Duration.ofMillis(30)));
        run(factory.create());
        put("a", new Delay(Duration.ofMillis(5)));
        rulesEnded();
        stream.advanceMillis(20);
        assertThat(stream.events).isEmpty();

        fixture.delete("a");
        rulesEnded();
        stream.advanceMillis(0);
        assertThat(stream.events).containsExactly("resumeRequest");
    }

    @Test
    void aSlowedAnswerGoesOnAtFullSpeed() {
        put("a", new ResponseRateLimit(1));
        HttpFilter filter = factory.create();
        run(filter);
        filter.onResponseHeaders(stream, new HeaderMap(), false);
        filter.onResponseData(stream, io.netty.buffer.Unpooled.wrappedBuffer(new byte[5000]), true);
        int before = stream.responseBody.readableBytes();

        fixture.delete("a");
        rulesEnded();

        assertThat(before).isLessThan(5000);
        assertThat(stream.responseBody.readableBytes()).isEqualTo(5000);
        filter.onStreamEnd(stream);
    }

    private void rulesEnded() {
        stream.advanceMillis(0);
    }
}
