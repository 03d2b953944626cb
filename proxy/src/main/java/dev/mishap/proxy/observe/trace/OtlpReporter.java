package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import io.netty.channel.EventLoop;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Sends the spans of one loop to an OTLP collector, several at a time: when {@code tracing.opentelemetry.min_flush_spans} (5)
 * wait, and every {@code tracing.opentelemetry.flush_interval_ms} (5,000). What is sent is not sent again.
 */
final class OtlpReporter {
    /** {@code tracing.opentelemetry.*}. */
    static final class Stats {
        final Counter sent;
        final Counter dropped;
        final Counter timerFlushed;

        Stats(Scope scope) {
            sent = scope.counter("spans_sent");
            dropped = scope.counter("spans_dropped");
            timerFlushed = scope.counter("timer_flushed");
        }
    }

    /** Sends an {@code ExportTraceServiceRequest}; whether there is somebody to send it to. */
    @FunctionalInterface
    interface Exporter {
        boolean export(EventLoop loop, ProtoWriter request);
    }

    private final Exporter exporter;
    private final Supplier<RuntimeSnapshot> runtime;
    private final Map<String, String> resource;
    private final String version;
    private final boolean namesScope;
    private final Stats stats;
    private final EventLoop loop;
    private final ProtoWriter waiting = new ProtoWriter(4096);
    private int spans;
    private boolean timerArmed;

    OtlpReporter(
            Exporter exporter,
            Supplier<RuntimeSnapshot> runtime,
            Map<String, String> resource,
            String version,
            boolean namesScope,
            Stats stats,
            EventLoop loop) {
        this.exporter = exporter;
        this.runtime = runtime;
        this.resource = resource;
        this.version = version;
        this.namesScope = namesScope;
        this.stats = stats;
        this.loop = loop;
    }

    void report(OtlpSpan span) {
        int begun = waiting.begin(2);
        span.write(waiting);
        waiting.end(begun);
        spans++;
        if (spans >= runtime.get().integer("tracing.opentelemetry.min_flush_spans", 5)) {
            flush();
        } else if (!timerArmed) {
            timerArmed = true;
            long millis = runtime.get().integer("tracing.opentelemetry.flush_interval_ms", 5000);
            loop.schedule(this::onTimer, Math.max(1, millis), TimeUnit.MILLISECONDS);
        }
    }

    private void onTimer() {
        timerArmed = false;
        stats.timerFlushed.inc();
        flush();
    }

    private void flush() {
        if (spans == 0) {
            return;
        }
        ProtoWriter request = new ProtoWriter(waiting.size() + 512);
        int resourceSpans = request.begin(1);
        int ofResource = request.begin(1);
        resource.forEach((name, value) -> OtlpSpan.attribute(request, 1, name, value));
        request.end(ofResource);
        int scopeSpans = request.begin(2);
        if (namesScope) {
            int scope = request.begin(1);
            request.string(1, "envoy").string(2, version);
            request.end(scope);
        }
        request.append(waiting.array(), 0, waiting.size());
        request.end(scopeSpans);
        request.end(resourceSpans);
        (exporter.export(loop, request) ? stats.sent : stats.dropped).add(spans);
        waiting.clear();
        spans = 0;
    }
}
