package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.http.HeaderMap;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One span in Zipkin's form. */
final class ZipkinSpan implements Span {
    final String service;
    final TraceContext context;
    final boolean client;
    final boolean shared;
    String name;
    final long startEpochNanos;
    long endEpochNanos;
    /** Keys and values in turn. */
    final List<String> tags = new ArrayList<>();
    /** Their times, in nanoseconds since the epoch, and what they are. */
    final List<Long> eventTimes = new ArrayList<>();

    final List<String> events = new ArrayList<>();
    private final ZipkinReporter reporter;

    ZipkinSpan(
            ZipkinReporter reporter,
            String service,
            TraceContext context,
            boolean client,
            boolean shared,
            String name,
            long startEpochNanos) {
        this.reporter = reporter;
        this.service = service;
        this.context = context;
        this.client = client;
        this.shared = shared;
        this.name = name;
        this.startEpochNanos = startEpochNanos;
    }

    @Override
    public String traceId() {
        return context.traceIdText();
    }

    @Override
    public @Nullable String spanId() {
        return null;
    }

    @Override
    public boolean sampled() {
        return Boolean.TRUE.equals(context.sampled());
    }

    @Override
    public void name(String to) {
        name = to;
    }

    @Override
    public void tag(String key, String value) {
        if (value.isEmpty()) {
            return;
        }
        for (int i = 0; i < tags.size(); i += 2) {
            if (tags.get(i).equals(key)) {
                tags.set(i + 1, value);
                return;
            }
        }
        tags.add(key);
        tags.add(value);
    }

    @Override
    public void event(long epochNanos, String what) {
        eventTimes.add(epochNanos);
        events.add(what);
    }

    @Override
    public void inject(HeaderMap request) {
        context.inject(request);
    }

    @Override
    public Span child(String childName, long epochNanos) {
        TraceContext within = new TraceContext(
                context.traceIdHigh(),
                context.traceId(),
                ZipkinTracer.random(),
                context.spanId(),
                context.sampled(),
                context.single());
        return new ZipkinSpan(reporter, service, within, true, false, childName, epochNanos);
    }

    @Override
    public void finish(long epochNanos) {
        endEpochNanos = epochNanos;
        if (sampled()) {
            event(epochNanos, client ? "cr" : "ss");
            reporter.report(this);
        }
    }
}
