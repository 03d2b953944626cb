package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.http.ConnectionManagerStats;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.RouteTracing;
import dev.mishap.proxy.http.RouteTracing.Fraction;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.http.StreamSpan;
import dev.mishap.proxy.http.StreamTracer;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Decides for each request whether it is traced. The decision is drawn by the request's id and written into it (its fifteenth
 * character), so that all proxies on its way agree: {@code 9} drawn, {@code a} forced by a service, {@code b} by a client.
 */
final class RequestTracing implements StreamTracer {
    private static final HeaderName CLIENT_TRACE_ID = HeaderName.of("x-client-trace-id");
    static final HeaderName DECORATOR_OPERATION = HeaderName.of("x-envoy-decorator-operation");
    private static final int UUID_LENGTH = 36;
    private static final int REASON_AT = 14;

    private enum Reason {
        NOT_TRACEABLE('4'),
        SAMPLING('9'),
        SERVICE_FORCED('a'),
        CLIENT_FORCED('b');

        private final char mark;

        Reason(char mark) {
            this.mark = mark;
        }
    }

    private final TracingConfig config;
    private final RequestIdConfig ids;
    private final @Nullable Tracer tracer;
    private final ConnectionManagerStats.Tracing stats;

    RequestTracing(
            TracingConfig config, RequestIdConfig ids, @Nullable Tracer tracer, ConnectionManagerStats.Tracing stats) {
        this.config = config;
        this.ids = ids;
        this.tracer = tracer;
        this.stats = stats;
    }

    @Override
    public @Nullable StreamSpan start(HttpStream stream) {
        SelectedRoute route = stream.route();
        RouteTracing ofRoute = route == null ? RouteTracing.NONE : route.tracing();
        HeaderMap request = stream.requestHeaders();
        Reason reason = decide(stream, request, ofRoute);
        stream.info().traceForced = reason == Reason.SERVICE_FORCED;
        count(reason);
        boolean sampled = reason != Reason.NOT_TRACEABLE;
        if (tracer == null) {
            return null;
        }
        String host = request.get(HeaderName.AUTHORITY);
        Span span = tracer.start(
                request,
                stream.loop(),
                host == null ? "" : host,
                sampled,
                config.outbound(),
                stream.info().startTimeEpochNanos);
        if (span == null) {
            return null;
        }
        String operation = decorate(request, span, ofRoute);
        return new DownstreamSpan(config, ofRoute, span, operation);
    }

    /** Names the span after the route's operation; returns what the response is to tell of it, {@code ""} = nothing. */
    private String decorate(HeaderMap request, Span span, RouteTracing route) {
        String operation = route.operation();
        if (!operation.isEmpty()) {
            span.name(operation);
        }
        if (config.outbound()) {
            if (!operation.isEmpty() && route.propagate()) {
                request.set(DECORATOR_OPERATION, operation);
            }
            return "";
        }
        String given = request.get(DECORATOR_OPERATION);
        if (given != null) {
            if (!given.isEmpty()) {
                span.name(given);
            }
            request.remove(DECORATOR_OPERATION);
            return "";
        }
        return route.propagate() ? operation : "";
    }

    private void count(Reason reason) {
        switch (reason) {
            case NOT_TRACEABLE -> stats.notTraceable.inc();
            case SAMPLING -> stats.randomSampling.inc();
            case SERVICE_FORCED -> stats.serviceForced.inc();
            case CLIENT_FORCED -> stats.clientEnabled.inc();
        }
    }

    private Reason decide(HttpStream stream, HeaderMap request, RouteTracing route) {
        if (!ids.sampleById()) {
            return Reason.SAMPLING;
        }
        int index = request.indexOf(HeaderName.X_REQUEST_ID);
        long id = index < 0 ? -1 : number(request, index);
        if (id < 0) {
            return Reason.NOT_TRACEABLE;
        }
        RuntimeSnapshot runtime = stream.runtime();
        Reason before = ids.packTraceReason() ? written(request, index) : Reason.NOT_TRACEABLE;
        Reason reason = before;
        if (reason == Reason.NOT_TRACEABLE) {
            if (request.contains(CLIENT_TRACE_ID)
                    && includes(
                            runtime,
                            "tracing.client_enabled",
                            or(route.client(), config.client()),
                            ThreadLocalRandom.current().nextInt(1_000_000))) {
                reason = Reason.CLIENT_FORCED;
            } else if (request.contains(HeaderName.FORCE_TRACE)) {
                reason = Reason.SERVICE_FORCED;
            } else if (includes(runtime, "tracing.random_sampling", or(route.random(), config.random()), id)) {
                reason = Reason.SAMPLING;
            }
        }
        if (reason != Reason.NOT_TRACEABLE
                && !includes(runtime, "tracing.global_enabled", or(route.overall(), config.overall()), id)) {
            reason = Reason.NOT_TRACEABLE;
        }
        if (reason != before && ids.packTraceReason()) {
            write(request, index, reason);
        }
        return reason;
    }

    private static Fraction or(@Nullable Fraction first, Fraction second) {
        return first == null ? second : first;
    }

    private static boolean includes(RuntimeSnapshot runtime, String key, Fraction share, long draw) {
        long millionths = runtime.partsPerMillion(key, share.numerator() * 1_000_000 / share.denominator());
        return draw % share.denominator() < millionths * share.denominator() / 1_000_000;
    }

    /** The first eight hex digits of a request id modulo 10,000, or -1. */
    private static long number(HeaderMap request, int index) {
        if (request.valueLength(index) < 8) {
            return -1;
        }
        long n = 0;
        for (int i = 0; i < 8; i++) {
            int digit = Character.digit(request.valueByte(index, i), 16);
            if (digit < 0) {
                return -1;
            }
            n = n << 4 | digit;
        }
        return n % 10_000;
    }

    private static Reason written(HeaderMap request, int index) {
        if (request.valueLength(index) == UUID_LENGTH) {
            byte mark = request.valueByte(index, REASON_AT);
            for (Reason r : Reason.values()) {
                if (r.mark == mark) {
                    return r;
                }
            }
        }
        return Reason.NOT_TRACEABLE;
    }

    private static void write(HeaderMap request, int index, Reason reason) {
        if (request.valueLength(index) == UUID_LENGTH) {
            String id = request.value(index);
            request.setValue(index, id.substring(0, REASON_AT) + reason.mark + id.substring(REASON_AT + 1));
        }
    }
}
