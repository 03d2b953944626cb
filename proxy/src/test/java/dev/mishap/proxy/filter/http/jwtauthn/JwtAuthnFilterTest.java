package dev.mishap.proxy.filter.http.jwtauthn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.upstream.client.AsyncFailure;
import dev.mishap.proxy.upstream.client.AsyncHttpCall;
import dev.mishap.proxy.upstream.client.AsyncHttpCallbacks;
import dev.mishap.proxy.upstream.client.AsyncHttpRequest;
import dev.mishap.proxy.xds.InitManager;
import dev.mishap.proxy.xds.Lifecycle;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Keys that have to be fetched. */
class JwtAuthnFilterTest {
    private static final byte[] SECRET = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final String KEYS = "{\"keys\":[{\"kty\":\"oct\",\"k\":\"" + encode(SECRET) + "\"}]}";

    private final StatsStore store = new StatsStore();
    private final Sent sent = new Sent();
    private final Lifecycle life = new Lifecycle(new InitManager("listener"));
    private final FakeHttpStream main = new FakeHttpStream();

    /** A client whose requests the test answers, in their order. */
    private static final class Sent implements RemoteKeys.Sender {
        final List<AsyncHttpRequest> requests = new ArrayList<>();
        final List<AsyncHttpCallbacks> open = new ArrayList<>();
        boolean failAtOnce;

        @Override
        public @Nullable AsyncHttpCall send(
                String cluster, EventLoop loop, AsyncHttpRequest request, AsyncHttpCallbacks callbacks) {
            requests.add(request);
            if (failAtOnce) {
                callbacks.onFailure(AsyncFailure.NO_CLUSTER);
            } else {
                open.add(callbacks);
            }
            return null;
        }

        void answer(int status, String body) {
            ByteBuf bytes = Unpooled.copiedBuffer(body, StandardCharsets.US_ASCII);
            open.remove(0).onResponse(status, new HeaderMap(), bytes);
            bytes.release();
        }
    }

    private static String encode(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static String token(String issuer) {
        String signed = encode("{\"alg\":\"HS256\"}".getBytes(StandardCharsets.US_ASCII)) + "."
                + encode(("{\"iss\":\"" + issuer + "\"}").getBytes(StandardCharsets.US_ASCII));
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(SECRET, "HmacSHA256"));
            return signed + "." + encode(mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII)));
        } catch (java.security.GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private JwtAuthnConfig config(String more) {
        JwtAuthnStats stats = new JwtAuthnStats(store.scope("jwt."));
        return JwtAuthnConfig.from(
                ConfigReader.checkedYaml(JwtAuthnConfig.FILTER, """
                        providers:
                          a:
                            issuer: a
                            failed_status_in_metadata: why
                            remote_jwks:
                              http_uri: {uri: 'https://keys.test:1/k?x=1', cluster: c, timeout: 3s}
                              %s
                        rules: [{match: {prefix: /}, requires: {provider_name: a}}]
                        """.formatted(more)), (provider, remote) -> {
                    RemoteKeys keys = RemoteKeys.from(provider, remote, stats, sent);
                    keys.start(main.loop(), life);
                    return keys;
                });
    }

    private JwtAuthnFilter filter(JwtAuthnConfig config) {
        return new JwtAuthnFilter("jwt", config, new JwtAuthnStats(store.scope("jwt.")), RandomSource.seeded(1));
    }

    private static FakeHttpStream from(String issuer) {
        return new FakeHttpStream().header("authorization", "Bearer " + token(issuer));
    }

    private static Flow request(JwtAuthnFilter filter, FakeHttpStream stream) {
        return filter.onRequestHeaders(stream, stream.requestHeaders, true);
    }

    @Test
    void aRequestWaitsForKeysAndTheNextOneHasThem() {
        JwtAuthnConfig config = config("");
        FakeHttpStream first = from("a");

        assertThat(request(filter(config), first)).isEqualTo(Flow.PAUSE);
        assertThat(sent.requests.get(0).headers().toString())
                .startsWith("{:method=GET, :scheme=http, :authority=keys.test:1, :path=/k?x=1");
        sent.answer(200, KEYS);

        assertThat(first.events).containsExactly("resumeRequest");
        assertThat(request(filter(config), from("a"))).isEqualTo(Flow.CONTINUE);
        assertThat(sent.requests).hasSize(1);
        assertThat(store.value("jwt.jwks_fetch_success")).isEqualTo(1);
        assertThat(store.value("jwt.jwt_cache_miss")).isEqualTo(2);
    }

    @Test
    void withoutATokenNothingIsFetched() {
        FakeHttpStream stream = new FakeHttpStream();

        assertThat(request(filter(config("")), stream)).isEqualTo(Flow.PAUSE);

        assertThat(stream.events).containsExactly("reply 401");
        assertThat(sent.requests).isEmpty();
    }

    @Test
    void keysThatCantBeHadRefuse() {
        JwtAuthnConfig config = config("");
        for (String[] answer : new String[][] {{"200", "no keys"}, {"404", KEYS}, {"503", ""}}) {
            FakeHttpStream stream = from("a");
            request(filter(config), stream);
            sent.answer(Integer.parseInt(answer[0]), answer[1]);

            assertThat(stream.events).containsExactly("reply 401");
            assertThat(Objects.requireNonNull(stream.reply).body()).isEqualTo("Jwks remote fetch is failed");
            assertThat(stream.info().dynamicMetadata("envoy.filters.http.jwt_authn"))
                    .containsEntry("why", Map.of("code", 40.0, "message", "Jwks remote fetch is failed"));
        }
        assertThat(store.value("jwt.jwks_fetch_failed")).isEqualTo(3);
    }

    @Test
    void aFailureMayComeAtOnce() {
        sent.failAtOnce = true;
        FakeHttpStream stream = from("a");

        assertThat(request(filter(config("")), stream)).isEqualTo(Flow.PAUSE);

        assertThat(stream.events).containsExactly("reply 401");
    }

    @Test
    void whoLeftIsNotAnswered() {
        JwtAuthnFilter filter = filter(config(""));
        FakeHttpStream stream = from("a");
        request(filter, stream);

        filter.onStreamEnd(stream);
        sent.answer(200, KEYS);

        assertThat(stream.events).isEmpty();
    }

    @Test
    void aListenerWaitsForKeysThatAreFetchedAhead() {
        JwtAuthnConfig config = config("async_fetch: {}");
        boolean[] ready = new boolean[1];
        life.init().initialize(() -> ready[0] = true);

        assertThat(ready[0]).isFalse();
        sent.answer(200, KEYS);

        assertThat(ready[0]).isTrue();
        assertThat(request(filter(config), from("a"))).isEqualTo(Flow.CONTINUE);
    }

    @Test
    void aFetchAheadIsTriedAgain() {
        config("async_fetch: {failed_refetch_duration: 2s}\n      cache_duration: 60s");
        boolean[] ready = new boolean[1];
        life.init().initialize(() -> ready[0] = true);

        sent.answer(503, "");
        assertThat(ready[0]).isTrue(); // it does not wait for ever
        main.advanceMillis(1999);
        assertThat(sent.requests).hasSize(1);
        main.advanceMillis(1);
        assertThat(sent.requests).hasSize(2);
        sent.answer(200, KEYS);
        main.advanceMillis(60_000);

        assertThat(sent.requests).hasSize(3);
    }

    @Test
    void aListenerInAHurryDoesNotWait() {
        config("async_fetch: {fast_listener: true}");
        boolean[] ready = new boolean[1];
        life.init().initialize(() -> ready[0] = true);
        main.advanceMillis(0);

        assertThat(ready[0]).isTrue();
        assertThat(sent.requests).hasSize(1);
    }

    @Test
    void nothingIsFetchedAfterTheListener() {
        config("async_fetch: {failed_refetch_duration: 2s}");
        life.init().initialize(() -> {});
        sent.answer(503, "");

        life.end();
        main.advanceMillis(10_000);

        assertThat(sent.requests).hasSize(1);
    }
}
