package dev.mishap.proxy.filter.http.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.route.ratelimit.Descriptor;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy.Hit;
import java.util.List;
import org.junit.jupiter.api.Test;

class RateLimitFilterTest {
    private static final String SERVICE = "domain: d\nrate_limit_service: {transport_api_version: V3, grpc_service: "
            + "{timeout: 9s, envoy_grpc: {cluster_name: rls}}}\n";

    private static RateLimitConfig config(String yaml) {
        return RateLimitConfig.from(ConfigReader.checkedYaml(RateLimitConfig.FILTER, SERVICE + yaml), "local");
    }

    @Test
    void defaultsAreEnvoys() {
        RateLimitConfig config = config("");

        assertThat(config.service().timeoutNanos()).isEqualTo(20_000_000);
        assertThat(config.status()).isEqualTo(429);
        assertThat(config.errorStatus()).isEqualTo(500);
        assertThat(config.grpcStatus()).isEqualTo(-1);
        assertThat(config.failureModeDeny().defaultPartsPerMillion()).isZero();
        assertThat(config.tellsLimited()).isTrue();
        assertThat(config.tellsLimits()).isFalse();
        assertThat(config.requestType()).isEqualTo(RateLimitConfig.RequestType.BOTH);
    }

    @Test
    void aStatusThatIsNoErrorIsNotARefusal() {
        assertThat(config("rate_limited_status: {code: 200}").status()).isEqualTo(429);
        assertThat(config("rate_limited_status: {code: 503}").status()).isEqualTo(503);
        assertThat(config("status_on_error: {code: 503}").errorStatus()).isEqualTo(503);
    }

    @Test
    void aQuestionIsTheDomainAndTheDescriptors() {
        ProtoWriter request = RateLimitCall.request(
                "d",
                List.of(
                        new Hit(new Descriptor(List.of(new Descriptor.Entry("k", "v"))), 1, false),
                        new Hit(new Descriptor(List.of(new Descriptor.Entry("a", ""))), 300, true)));

        assertThat(request.toByteArray())
                .containsExactly(
                        0x0a,
                        1,
                        'd', // domain
                        0x12,
                        8,
                        0x0a,
                        6,
                        0x0a,
                        1,
                        'k',
                        0x12,
                        1,
                        'v', // one descriptor
                        0x12,
                        10,
                        0x0a,
                        3,
                        0x0a,
                        1,
                        'a',
                        0x1a,
                        3,
                        0x08,
                        (byte) 0xac,
                        2); // another with its hits
    }

    @Test
    void anAnswerTellsLimitsAndHeaders() {
        ProtoWriter out = new ProtoWriter();
        out.varint(1, 2);
        int status = out.begin(2);
        out.varint(1, 2);
        int limit = out.begin(2);
        out.varint(1, 7).varint(2, 3).string(3, "n");
        out.end(limit);
        out.varint(3, 4).time(4, 5_000_000_000L);
        out.end(status);
        int unlimited = out.begin(2);
        out.varint(1, 1);
        out.end(unlimited);
        int header = out.begin(3);
        out.string(1, "x-a").string(2, "b");
        out.end(header);
        out.string(5, "body");

        RateLimitAnswer answer = RateLimitAnswer.read(out.toByteArray());

        assertThat(answer.overLimit()).isTrue();
        assertThat(answer.limits()).containsExactly(new RateLimitAnswer.Limit("n", 7, 3600, 4, 5));
        assertThat(answer.responseHeaders()).containsExactly("x-a", "b");
        assertThat(answer.requestHeaders()).isEmpty();
        assertThat(answer.body()).isEqualTo("body");
    }
}
