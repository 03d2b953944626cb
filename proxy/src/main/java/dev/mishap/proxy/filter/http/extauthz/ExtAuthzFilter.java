package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.upstream.client.AsyncFailure;
import dev.mishap.proxy.upstream.client.AsyncHttpCall;
import dev.mishap.proxy.upstream.client.AsyncHttpCallbacks;
import dev.mishap.proxy.upstream.client.AsyncHttpClient;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Holds a request until the service has said what is to become of it. */
final class ExtAuthzFilter implements HttpFilter, AsyncHttpCallbacks {
    private static final String NAMESPACE = "envoy.filters.http.ext_authz";
    private static final HeaderName LOCATION = HeaderName.LOCATION;
    private static final HeaderName AUTHENTICATE = HeaderName.of("www-authenticate");
    private static final HeaderName FAILURE_MODE_ALLOWED = HeaderName.of("x-envoy-auth-failure-mode-allowed");
    private static final byte[] NO_BODY = {};

    private enum State {
        IDLE,
        /** Waits for the body. */
        COLLECTING,
        ASKING,
        OVER
    }

    private final String name;
    private final ExtAuthzConfig config;
    private final ExtAuthzStats stats;
    private final AsyncHttpClient client;
    private final RandomSource random;
    private State state = State.IDLE;
    private @Nullable HttpStream asked;
    private ExtAuthzConfig.@Nullable Body body;
    private @Nullable ByteArrayOutputStream collected;
    private @Nullable AsyncHttpCall call;
    private @Nullable HeaderMap onSuccess;
    private boolean insideCall;
    private boolean refused;
    private long askedNanos;

    ExtAuthzFilter(
            String name, ExtAuthzConfig config, ExtAuthzStats stats, AsyncHttpClient client, RandomSource random) {
        this.name = name;
        this.config = config;
        this.stats = stats;
        this.client = client;
        this.random = random;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        ExtAuthzConfig.PerRoute route =
                stream.perFilterConfig(name) instanceof ExtAuthzConfig.PerRoute perRoute ? perRoute : null;
        boolean off = route != null && route.disabled();
        if (!off && !enabled(stream)) {
            stats.disabled.inc();
            if (config.denyAtDisable().on(stream.runtime())) {
                unavailable(stream);
                return Flow.PAUSE;
            }
            off = true;
        }
        if (off) {
            state = State.OVER;
            return Flow.CONTINUE;
        }
        asked = stream;
        body = route == null || route.body() == null ? config.body() : route.body();
        if (route != null && route.withoutBody()) {
            body = null;
        }
        ExtAuthzConfig.Body wanted = body;
        if (wanted != null && !endStream) {
            state = State.COLLECTING;
            collected = new ByteArrayOutputStream();
            stream.raiseRequestBufferLimit(wanted.maxBytes());
            return Flow.HOLD;
        }
        return ask(stream, NO_BODY, false, false);
    }

    private boolean enabled(HttpStream stream) {
        return (config.enabled() == null || config.enabled().includes(stream.runtime(), random.next()))
                && (config.enabledMetadata() == null || config.enabledMetadata().matches(stream.info()));
    }

    @Override
    public Flow onRequestData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        ExtAuthzConfig.Body wanted = body;
        ByteArrayOutputStream all = collected;
        if (state != State.COLLECTING || wanted == null || all == null) {
            return state == State.OVER ? Flow.CONTINUE : Flow.PAUSE;
        }
        int room = wanted.maxBytes() - all.size();
        int bytes = borrowed.readableBytes();
        if (bytes > room && !wanted.partial()) {
            state = State.OVER;
            stats.tooLarge();
            stream.closeAfterResponse();
            stream.sendLocalReply(LocalReply.of(413, "Payload Too Large", "request_payload_too_large"));
            return Flow.PAUSE;
        }
        all.writeBytes(ByteBufUtil.getBytes(borrowed, borrowed.readerIndex(), Math.min(room, bytes)));
        if (endStream || bytes >= room) {
            return ask(stream, all.toByteArray(), true, bytes > room || !endStream);
        }
        return Flow.PAUSE;
    }

    @Override
    public Flow onRequestTrailers(HttpStream stream, HeaderMap trailers) {
        ByteArrayOutputStream all = collected;
        if (state == State.COLLECTING && all != null) {
            return ask(stream, all.toByteArray(), true, false);
        }
        return state == State.OVER ? Flow.CONTINUE : Flow.PAUSE;
    }

    /** Asks; the answer may be there before this returns. */
    private Flow ask(HttpStream stream, byte[] content, boolean withBody, boolean partial) {
        state = State.ASKING;
        collected = null;
        askedNanos = stream.nanoTime();
        insideCall = true;
        call = client.sendAnonymously(
                config.service().cluster(),
                stream.loop(),
                CheckRequest.of(config, stream.requestHeaders(), content, withBody, partial),
                this);
        insideCall = false;
        if (state == State.OVER) {
            return refused ? Flow.PAUSE : Flow.CONTINUE;
        }
        return withBody ? Flow.PAUSE : Flow.HOLD;
    }

    @Override
    public void onResponse(int status, HeaderMap headers, ByteBuf borrowedBody) {
        HttpStream stream = asked;
        if (state != State.ASKING || stream == null) {
            return;
        }
        if (status >= 500) {
            failed(stream);
        } else if (status == 200) {
            allow(stream, headers);
        } else {
            deny(stream, status, headers, borrowedBody.toString(StandardCharsets.UTF_8));
        }
    }

    @Override
    public void onFailure(AsyncFailure failure) {
        HttpStream stream = asked;
        if (state == State.ASKING && stream != null) {
            failed(stream);
        }
    }

    private void failed(HttpStream stream) {
        stats.error(stream, config.failureModeAllow());
        if (!config.failureModeAllow()) {
            unavailable(stream);
            return;
        }
        if (config.failureModeHeader()) {
            stream.requestHeaders().set(FAILURE_MODE_ALLOWED, "true");
        }
        goOn(stream);
    }

    private void goOn(HttpStream stream) {
        state = State.OVER;
        if (!insideCall) {
            stream.resumeRequest(this);
        }
    }

    private void unavailable(HttpStream stream) {
        reply(stream, LocalReply.of(config.statusOnError(), "", "ext_authz_error"));
    }

    private void reply(HttpStream stream, LocalReply reply) {
        state = State.OVER;
        refused = true;
        stream.info().addFlag(ResponseFlag.UNAUTHORIZED_EXTERNAL_SERVICE);
        stream.sendLocalReply(reply);
    }

    private void allow(HttpStream stream, HeaderMap answer) {
        stats.ok(stream);
        HeaderMap request = stream.requestHeaders();
        ExtAuthzConfig.Service service = config.service();
        Map<String, Object> metadata = new LinkedHashMap<>();
        boolean changed = false;
        for (int i = 0; i < answer.size(); i++) {
            if (answer.isPseudo(i)) {
                continue;
            }
            String header = answer.name(i);
            HeaderName named = HeaderName.unshared(header);
            if (service.upstream().contain(header)) {
                request.set(named, answer.value(i));
                changed = true;
            }
            if (service.upstreamAppended().contain(header)) {
                request.add(named, answer.value(i));
                changed = true;
            }
            if (service.clientOnSuccess().contain(header)) {
                HeaderMap given = onSuccess;
                if (given == null) {
                    given = new HeaderMap();
                    onSuccess = given;
                }
                given.add(named, answer.value(i));
            }
            if (service.metadata().contain(header)) {
                metadata.put(header, answer.value(i));
            }
        }
        if (!metadata.isEmpty()) {
            metadata.put("ext_authz_duration", (double) ((stream.nanoTime() - askedNanos) / 1_000_000));
            stream.info().putDynamicMetadata(NAMESPACE, metadata);
        }
        if (changed && config.clearRouteCache()) {
            stream.clearRouteCache();
        }
        goOn(stream);
    }

    private void deny(HttpStream stream, int status, HeaderMap answer, String text) {
        stats.denied(stream, status);
        HeaderMap kept = new HeaderMap();
        HeaderNames client = config.service().client();
        for (int i = 0; i < answer.size(); i++) {
            boolean always = answer.isNamed(i, LOCATION) || answer.isNamed(i, AUTHENTICATE);
            boolean framing = answer.isPseudo(i)
                    || answer.isNamed(i, HeaderName.CONTENT_LENGTH)
                    || answer.isNamed(i, HeaderName.TRANSFER_ENCODING)
                    || answer.isNamed(i, HeaderName.CONNECTION);
            if (!framing && (always || !client.given() || client.contain(answer.name(i)))) {
                kept.add(HeaderName.unshared(answer.name(i)), answer.value(i));
            }
        }
        reply(stream, new LocalReply(status, text, "ext_authz_denied", -1, response -> append(response, kept)));
    }

    private static void append(HeaderMap target, HeaderMap headers) {
        for (int i = 0; i < headers.size(); i++) {
            target.add(HeaderName.unshared(headers.name(i)), headers.value(i));
        }
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (onSuccess != null) {
            append(headers, onSuccess);
        }
        return Flow.CONTINUE;
    }

    @Override
    public void onStreamEnd(HttpStream stream) {
        AsyncHttpCall pending = call;
        if (state == State.ASKING && pending != null) {
            pending.cancel();
        }
        state = State.OVER;
        collected = null;
    }
}
