package dev.mishap.proxy.filter.http.credentialinjector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CredentialInjectorFilterTest {
    private static final HeaderName HEADER = HeaderName.of("authorization");
    private final StatsStore stats = new StatsStore();
    private final FakeHttpStream stream = new FakeHttpStream();

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {
                "token, none, false, token, injected",
                "token, own, false, own, exists",
                "token, own, true, token, injected",
                "'', own, false, own, exists",
                "'', own, true, own, failed"
            })
    void aRequestHasACredentialAfterwards(
            String credential, String own, boolean overwrites, String then, String counted) {
        if (own != null) {
            stream.header("authorization", own);
        }

        assertThat(send(credential, overwrites, true)).isEqualTo(Flow.CONTINUE);
        assertThat(stream.requestHeaders().get(HEADER)).isEqualTo(then);
        assertThat(stats.counter(counted).value()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"false, CONTINUE", "true, PAUSE"})
    void withoutOneItGoesOnOnlyIfItMay(boolean required, Flow flow) {
        assertThat(send("", false, !required)).isEqualTo(flow);
        if (required) {
            assertThat(Objects.requireNonNull(stream.reply).status()).isEqualTo(401);
        }
    }

    private Flow send(String credential, boolean overwrites, boolean optional) {
        CredentialInjectorFilter filter = new CredentialInjectorFilter(new CredentialInjectorFilter.Config(
                HEADER,
                () -> credential,
                overwrites,
                optional,
                stats.counter("injected"),
                stats.counter("failed"),
                stats.counter("exists")));
        return filter.onRequestHeaders(stream, stream.requestHeaders(), true);
    }
}
