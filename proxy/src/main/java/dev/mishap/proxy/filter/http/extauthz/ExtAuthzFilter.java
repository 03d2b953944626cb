package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.filter.http.extauthz.Answer.Change;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.io.ByteArrayOutputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Holds a request until the service has said what is to become of it. */
final class ExtAuthzFilter implements HttpFilter, Check.Asker {
    private static final String NAMESPACE = "envoy.filters.http.ext_authz";
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
    private final Supplier<Check> checks;
    private final RandomSource random;
    private State state = State.IDLE;
    private @Nullable HttpStream asked;
    private ExtAuthzConfig.@Nullable Body body;
    private @Nullable ByteArrayOutputStream collected;
    private @Nullable Check check;
    private @Nullable List<Change> onSuccess;
    private boolean insideCall;
    private boolean refused;
    private long askedNanos;

    ExtAuthzFilter(
            String name, ExtAuthzConfig config, ExtAuthzStats stats, Supplier<Check> checks, RandomSource random) {
        this.name = name;
        this.config = config;
        this.stats = stats;
        this.checks = checks;
        this.random = random;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        ExtAuthzConfig.PerRoute route =
                stream.perFilterConfig(name) instanceof ExtAuthzConfig.PerRoute perRoute ? perRoute : null;
        if (stream.route() == null) {
            state = State.OVER;
            return Flow.CONTINUE;
        }
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
        Check question = checks.get();
        check = question;
        question.ask(stream, new Check.Question(content, withBody, partial, extensions(stream)), this);
        insideCall = false;
        if (state == State.OVER) {
            return refused ? Flow.PAUSE : Flow.CONTINUE;
        }
        return withBody ? Flow.PAUSE : Flow.HOLD;
    }

    /** What all levels of the route tell the service; the more specific one wins. */
    private Map<String, String> extensions(HttpStream stream) {
        Map<String, String> merged = Map.of();
        if (config.grpc() != null) {
            List<Object> levels = stream.perFilterConfigs(name);
            for (int i = levels.size() - 1; i >= 0; i--) {
                if (levels.get(i) instanceof ExtAuthzConfig.PerRoute level
                        && !level.extensions().isEmpty()) {
                    Map<String, String> all = new LinkedHashMap<>(merged);
                    all.putAll(level.extensions());
                    merged = all;
                }
            }
        }
        return merged;
    }

    @Override
    public void onAnswer(Answer answer) {
        HttpStream stream = asked;
        if (state != State.ASKING || stream == null) {
            return;
        }
        keepMetadata(stream, answer);
        if (answer.allowed()) {
            allow(stream, answer);
        } else {
            stats.denied(stream, answer.status());
            reply(
                    stream,
                    ResponseFlag.UNAUTHORIZED_EXTERNAL_SERVICE,
                    new LocalReply(
                            answer.status(),
                            config.deniedBody(answer.body()),
                            "ext_authz_denied",
                            -1,
                            response -> AnswerEffects.applyToReply(answer.request(), response)));
        }
    }

    private void keepMetadata(HttpStream stream, Answer answer) {
        if (answer.metadata().isEmpty()) {
            return;
        }
        if (!config.takesMetadata()) {
            stats.ignoredMetadata.inc();
            return;
        }
        Map<String, Object> metadata = new LinkedHashMap<>(answer.metadata());
        metadata.put("ext_authz_duration", (double) ((stream.nanoTime() - askedNanos) / 1_000_000));
        stream.info().putDynamicMetadata(NAMESPACE, metadata);
    }

    private void allow(HttpStream stream, Answer answer) {
        stats.ok(stream);
        String wrong = AnswerEffects.applyToRequest(answer, stream.requestHeaders());
        if (wrong != null) {
            String details = "filter_removed_required_request_headers{" + wrong.replace(' ', '_') + "}";
            reply(stream, ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR, LocalReply.of(503, wrong, details));
            return;
        }
        if (!answer.response().isEmpty()) {
            onSuccess = answer.response();
        }
        if (config.clearRouteCache() && answer.changesRequest()) {
            stream.clearRouteCache();
        }
        goOn(stream);
    }

    @Override
    public void onError() {
        HttpStream stream = asked;
        if (state != State.ASKING || stream == null) {
            return;
        }
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
        reply(
                stream,
                ResponseFlag.UNAUTHORIZED_EXTERNAL_SERVICE,
                LocalReply.of(config.statusOnError(), "", "ext_authz_error"));
    }

    private void reply(HttpStream stream, ResponseFlag flag, LocalReply reply) {
        state = State.OVER;
        refused = true;
        stream.info().addFlag(flag);
        stream.sendLocalReply(reply);
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (onSuccess != null) {
            AnswerEffects.applyToResponse(onSuccess, headers);
        }
        return Flow.CONTINUE;
    }

    @Override
    public void onStreamEnd(HttpStream stream) {
        Check pending = check;
        if (state == State.ASKING && pending != null) {
            pending.cancel();
        }
        state = State.OVER;
        collected = null;
    }
}
