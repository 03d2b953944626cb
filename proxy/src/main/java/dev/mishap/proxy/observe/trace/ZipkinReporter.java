package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.OwnAddress;
import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.upstream.client.AsyncFailure;
import dev.mishap.proxy.upstream.client.AsyncHttpCallbacks;
import dev.mishap.proxy.upstream.client.AsyncHttpRequest;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends the spans of one loop to the collector, several at a time: when {@code tracing.zipkin.min_flush_spans} (5) wait, and
 * every {@code tracing.zipkin.flush_interval_ms} (5,000). A report that fails is not repeated.
 */
final class ZipkinReporter implements AsyncHttpCallbacks {
    private static final int ACCEPTED = 202;

    private final ZipkinConfig config;
    private final TracingConfig.Environment environment;
    private final ZipkinStats stats;
    private final EventLoop loop;
    private final StringBuilder waiting = new StringBuilder();
    private int spans;
    private boolean timerArmed;

    ZipkinReporter(ZipkinConfig config, TracingConfig.Environment environment, ZipkinStats stats, EventLoop loop) {
        this.config = config;
        this.environment = environment;
        this.stats = stats;
        this.loop = loop;
    }

    void report(ZipkinSpan span) {
        waiting.append(spans++ == 0 ? '[' : ',');
        write(span, waiting);
        if (spans >= environment.runtime().get().integer("tracing.zipkin.min_flush_spans", 5)) {
            flush();
        } else if (!timerArmed) {
            timerArmed = true;
            long millis = environment.runtime().get().integer("tracing.zipkin.flush_interval_ms", 5000);
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
        byte[] body = waiting.append(']').toString().getBytes(StandardCharsets.UTF_8);
        waiting.setLength(0);
        stats.spansSent.add(spans);
        spans = 0;
        long timeout = environment.runtime().get().integer("tracing.zipkin.request_timeout", 5000);
        AsyncHttpRequest request =
                AsyncHttpRequest.post(config.hostname(), config.endpoint(), body, java.time.Duration.ofMillis(timeout));
        request.headers().add(HeaderName.CONTENT_TYPE, "application/json");
        environment.client().send(config.cluster(), loop, request, this);
    }

    @Override
    public void onResponse(int status, HeaderMap headers, ByteBuf borrowedBody) {
        (status == ACCEPTED ? stats.reportsSent : stats.reportsDropped).inc();
    }

    @Override
    public void onFailure(AsyncFailure failure) {
        switch (failure) {
            case NO_CLUSTER -> stats.skippedNoCluster.inc();
            case RESPONSE_TOO_LARGE -> stats.reportsFailed.inc();
            default -> stats.reportsDropped.inc();
        }
    }

    /** A span of Zipkin's API, version 2. */
    static void write(ZipkinSpan span, StringBuilder out) {
        out.append("{\"traceId\":\"").append(span.traceId()).append("\",\"name\":");
        JsonWriter.quote(span.name, out);
        out.append(",\"id\":\"").append(TraceContext.hex(span.context.spanId())).append('"');
        long parent = span.context.parentId();
        if (parent != 0) {
            out.append(",\"parentId\":\"").append(TraceContext.hex(parent)).append('"');
        }
        out.append(",\"kind\":\"").append(span.client ? "CLIENT" : "SERVER").append('"');
        out.append(",\"timestamp\":").append(span.startEpochNanos / 1000);
        out.append(",\"duration\":").append(Math.max(1, (span.endEpochNanos - span.startEpochNanos) / 1000));
        if (span.shared) {
            out.append(",\"shared\":true");
        }
        out.append(",\"localEndpoint\":{\"serviceName\":");
        JsonWriter.quote(span.service, out);
        @Nullable String own = OwnAddress.ipv4();
        out.append(",\"ipv4\":\"").append(own == null ? "127.0.0.1" : own).append("\",\"port\":0}");
        out.append(",\"annotations\":[");
        for (int i = 0; i < span.events.size(); i++) {
            out.append(i == 0 ? "" : ",").append("{\"timestamp\":").append(span.eventTimes.get(i) / 1000);
            out.append(",\"value\":");
            JsonWriter.quote(span.events.get(i), out);
            out.append('}');
        }
        out.append("],\"tags\":{");
        for (int i = 0; i < span.tags.size(); i += 2) {
            out.append(i == 0 ? "" : ",");
            JsonWriter.quote(span.tags.get(i), out);
            out.append(':');
            JsonWriter.quote(span.tags.get(i + 1), out);
        }
        out.append("}}");
    }
}
