package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcCallbacks;
import dev.mishap.proxy.upstream.client.GrpcStatus;
import dev.mishap.proxy.upstream.client.GrpcStream;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tells the service of one stream, and does what it answers. */
final class ExtProcFilter implements HttpFilter, GrpcCallbacks {
    private static final String METHOD = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";
    private static final String RESPONSE = "envoy.service.ext_proc.v3.ProcessingResponse";
    private static final int ERROR = 500;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final String name;
    private final ExtProcStats stats;
    private final AsyncGrpcClient client;
    private ExtProcConfig config;
    private ProcessingMode mode;
    private final Side request = new RequestSide(this);
    private final Side response = new ResponseSide(this);
    private @Nullable HttpStream stream;
    private @Nullable GrpcStream call;
    private boolean opened;
    /** Whether the service is out of it. */
    private boolean over;
    /** Whether the stream is answered here, so that nothing of it goes on. */
    private boolean answered;

    /** The time that the service has to end the call. */
    private @Nullable Future<?> lingering;

    ExtProcFilter(String name, ExtProcConfig config, ExtProcStats stats, AsyncGrpcClient client) {
        this.name = name;
        this.config = config;
        this.mode = config.mode();
        this.stats = stats;
        this.client = client;
    }

    ExtProcConfig config() {
        return config;
    }

    ExtProcStats stats() {
        return stats;
    }

    boolean isProcessing() {
        return !over;
    }

    boolean isAnswered() {
        return answered;
    }

    // ---- the chain ----

    /** Settles what the route says, once. */
    private void begin(HttpStream s) {
        if (stream == null) {
            stream = s;
            ExtProcConfig at = config.at(s.perFilterConfigs(name));
            over = at == null;
            if (at != null) {
                config = at;
                mode = at.mode();
                useForRequest();
                useForResponse();
            }
        }
    }

    private void useForRequest() {
        request.use(mode.requestHeaders(), mode.requestBody(), mode.requestTrailers());
    }

    private void useForResponse() {
        response.use(mode.responseHeaders(), mode.responseBody(), mode.responseTrailers());
    }

    @Override
    public Flow onRequestHeaders(HttpStream s, HeaderMap headers, boolean endStream) {
        begin(s);
        return over ? Flow.CONTINUE : request.onHeaders(s, headers, endStream);
    }

    @Override
    public Flow onRequestData(HttpStream s, ByteBuf borrowed, boolean endStream) {
        return over && !request.isAtWork() ? Flow.CONTINUE : request.onData(s, borrowed, endStream);
    }

    @Override
    public Flow onRequestTrailers(HttpStream s, HeaderMap trailers) {
        return over && !request.isAtWork() ? Flow.CONTINUE : request.onTrailers(s, trailers);
    }

    @Override
    public Flow onResponseHeaders(HttpStream s, HeaderMap headers, boolean endStream) {
        begin(s);
        return over ? Flow.CONTINUE : response.onHeaders(s, headers, endStream);
    }

    @Override
    public Flow onResponseData(HttpStream s, ByteBuf borrowed, boolean endStream) {
        return over && !response.isAtWork() ? Flow.CONTINUE : response.onData(s, borrowed, endStream);
    }

    @Override
    public Flow onResponseTrailers(HttpStream s, HeaderMap trailers) {
        return over && !response.isAtWork() ? Flow.CONTINUE : response.onTrailers(s, trailers);
    }

    @Override
    public void onStreamEnd(HttpStream s) {
        close();
        request.end();
        response.end();
    }

    /** Whether the service takes messages without our keeping them. */
    boolean isWritable() {
        GrpcStream to = call;
        return over || to == null || to.isWritable();
    }

    @Override
    public void onWritable() {
        HttpStream s = stream;
        if (s != null && !over) {
            request.onWritable(s);
            response.onWritable(s);
        }
    }

    // ---- the service ----

    /** Sends a message, in a stream that the first one opens; false when that could not be, which has been settled by then. */
    boolean send(ProtoWriter message) {
        HttpStream s = stream;
        if (over || s == null) {
            return false;
        }
        ProcessingRequest.metadata(message, config, s.info());
        GrpcStream to = call;
        if (to == null) {
            to = client.stream(config.service(), METHOD, s.loop(), AsyncGrpcClient.DEFAULT_MAX_MESSAGE_BYTES, this);
            if (to == null) {
                return false;
            }
            call = to;
            opened = true;
            stats.streamsStarted.inc();
            ProcessingRequest.protocol(message, mode);
        }
        stats.messagesSent.inc();
        to.send(message, false);
        return !over;
    }

    /** Ends the call, if there is one under way. */
    private void close() {
        over = true;
        GrpcStream pending = call;
        HttpStream s = stream;
        call = null;
        if (pending != null && s != null && !pending.isOver()) {
            stats.streamsClosed.inc();
            lingering = LingeringCall.end(pending, s.loop());
        }
    }

    @Override
    public void onMessage(byte[] message) {
        HttpStream s = stream;
        if (over || s == null) {
            return;
        }
        ConfigNode answer;
        try {
            answer = ConfigReader.lenient().binary(RESPONSE, message, "");
        } catch (ConfigException e) {
            GrpcStream broken = call;
            if (broken != null) {
                broken.reset();
            }
            onClose(new GrpcStatus(GrpcStatus.INTERNAL, ""));
            return;
        }
        if (answer.has("override_message_timeout")) {
            extend(s, answer.durationNanos("override_message_timeout", 0));
            return;
        }
        keepMetadata(s, answer);
        String kind = answer.oneof("response");
        if (kind == null) {
            stats.spurious.inc();
            fail(ERROR, "unhandled_message");
            return;
        }
        if (kind.equals("immediate_response")) {
            if (config.disableImmediateResponse()) {
                stats.spurious.inc();
                fail(ERROR, "unhandled_immediate_response_due_to_config_disabled_it");
            } else {
                stats.messagesReceived.inc();
                reply(s, answer.required("immediate_response"));
            }
            return;
        }
        if (take(s, kind, answer)) {
            stats.messagesReceived.inc();
        } else {
            stats.spurious.inc();
            fail(ERROR, "spurious_message");
        }
    }

    private boolean take(HttpStream s, String kind, ConfigNode answer) {
        ConfigNode of = answer.required(kind);
        Side side = kind.startsWith("request") ? request : response;
        if (kind.endsWith("headers")) {
            if (side.isAskingHeaders()) {
                override(side, answer.message("mode_override"));
            }
            return side.onHeadersAnswer(s, of.message("response"));
        }
        if (kind.endsWith("body")) {
            return side.onBodyAnswer(s, of.message("response"));
        }
        return side.onTrailersAnswer(s, of.message("header_mutation"));
    }

    /** The answer to the headers of {@code side} asks for another mode, which is not for what is under way on the other side. */
    private void override(Side side, @Nullable ConfigNode asked) {
        if (asked == null || !config.allowModeOverride()) {
            return;
        }
        ProcessingMode next = ProcessingMode.from(asked);
        if (config.allowedModes().isEmpty() || config.allowedModes().stream().anyMatch(next::sameButRequestHeaders)) {
            mode = next;
            if (side == request || !request.hasBegun()) {
                useForRequest();
            }
            if (side == response || !response.hasBegun()) {
                useForResponse();
            }
        }
    }

    /** The service has changed headers of the request, or says that the response's call for another route. */
    void clearRouteCache(HttpStream s, boolean ofRequest, ConfigNode common) {
        boolean asked = common.bool("clear_route_cache", false);
        if (!ofRequest) {
            if (asked) {
                stats.clearRouteCacheIgnored.inc();
            }
            return;
        }
        ExtProcConfig.RouteCache when = config.routeCache();
        if (!common.has("header_mutation")) {
            return;
        }
        if (when == ExtProcConfig.RouteCache.RETAIN) {
            if (asked) {
                stats.clearRouteCacheDisabled.inc();
            }
        } else if (asked || when == ExtProcConfig.RouteCache.CLEAR) {
            s.clearRouteCache();
        }
    }

    private void keepMetadata(HttpStream s, ConfigNode answer) {
        if (config.received().isEmpty() || !(answer.struct("dynamic_metadata") instanceof Map<?, ?> all)) {
            return;
        }
        for (String namespace : config.received()) {
            if (all.get(namespace) instanceof Map<?, ?> fields) {
                Map<String, Object> copy = new LinkedHashMap<>();
                fields.forEach((key, value) -> copy.put(String.valueOf(key), value));
                s.info().putDynamicMetadata(namespace, copy);
            }
        }
    }

    /** The service asks for more time, which it gets once a message, if at all. */
    private void extend(HttpStream s, long nanos) {
        boolean fits = nanos >= NANOS_PER_MILLI && nanos <= config.maxMessageTimeoutNanos();
        boolean given = fits && (request.extend(s, nanos) || response.extend(s, nanos));
        (given ? stats.overrideTimeoutReceived : stats.overrideTimeoutIgnored).inc();
    }

    void onTimeout() {
        if (!over) {
            stats.messageTimeouts.inc();
            fail(504, "ext_proc_error_per-message_timeout_exceeded");
        }
    }

    @Override
    public void onClose(GrpcStatus status) {
        Future<?> wait = lingering;
        if (wait != null) {
            lingering = null;
            wait.cancel(false);
        }
        if (over) {
            return;
        }
        stats.serverHalfClosed.inc();
        boolean told = call != null && call.isAnswered();
        call = null;
        if (status.isOk()) {
            if (opened) {
                stats.streamsClosed.inc();
            }
            letGo();
            return;
        }
        stats.streamsFailed.inc();
        if (opened && config.failureModeAllow()) {
            stats.streamsClosed.inc();
        }
        fail(ERROR, "ext_proc_error_gRPC_error_" + status.code() + '{' + cause(told, status) + '}');
    }

    private static String cause(boolean told, GrpcStatus status) {
        if (told) {
            return "via_upstream";
        }
        String text = status.message().replace(' ', '_');
        return text.equals("no_healthy_upstream") ? text + '{' + text + '}' : text;
    }

    // ---- ends ----

    private void letGo() {
        over = true;
        HttpStream s = stream;
        if (s != null) {
            request.letGo(s);
            response.letGo(s);
        }
    }

    /** The service said what makes no sense. */
    void failSpurious(String details) {
        stats.spurious.inc();
        fail(ERROR, details);
    }

    /** The service failed. */
    private void fail(int status, String details) {
        close();
        if (config.failureModeAllow() && !request.wouldLoseBody() && !response.wouldLoseBody()) {
            stats.failureModeAllowed.inc();
            letGo();
        } else {
            answer(new LocalReply(status == ERROR ? errorStatus() : status, "", details, -1, null));
        }
    }

    private int errorStatus() {
        return config.statusOnError() == 0 ? ERROR : config.statusOnError();
    }

    /** What the service asked for can't be. */
    void refuse(String details) {
        close();
        answer(new LocalReply(errorStatus(), "", details, -1, null));
    }

    private void reply(HttpStream s, ConfigNode immediate) {
        close();
        ConfigNode status = immediate.message("status");
        int code = status == null ? 0 : (int) status.integer("code", 0);
        ConfigNode grpc = immediate.message("grpc_status");
        ConfigNode headers = immediate.message("headers");
        answer(new LocalReply(
                code < 200 || code > 599 ? 200 : code,
                immediate.string("body"),
                immediate.string("details").replace(' ', '_'),
                grpc == null ? -1 : (int) grpc.integer("status", 0),
                headers == null ? null : map -> HeaderChanges.applyToReply(headers, map)));
    }

    /** What is left of the request goes nowhere; the service sees the response. */
    void endRequest() {
        request.end();
    }

    /** The stream is answered elsewhere. */
    void giveUp() {
        close();
        answered = true;
        request.end();
        response.end();
    }

    /** Answers in the place of a response that goes no further. */
    void answer(LocalReply reply) {
        HttpStream s = stream;
        if (s == null || answered) {
            return;
        }
        over = true;
        answered = true;
        stats.immediateResponses.inc();
        request.end();
        if (response.isHeld()) {
            response.end();
            s.replaceResponse(reply);
        } else {
            response.end();
            s.sendLocalReply(reply);
        }
    }
}
