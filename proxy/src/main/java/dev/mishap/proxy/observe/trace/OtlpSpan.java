package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.proto.ProtoWriter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One span in OpenTelemetry's form. */
final class OtlpSpan implements Span {
    private static final int SERVER = 2;
    private static final int CLIENT = 3;
    private static final int STATUS_ERROR = 2;
    /** {@code SpanFlags}: sampled; that it is known whether the parent is remote; that it is. */
    private static final int SAMPLED = 1;

    private static final int HAS_IS_REMOTE = 0x100;
    private static final int IS_REMOTE = 0x200;

    private final OtlpReporter reporter;
    private final W3cContext context;
    private final long spanId;
    private final boolean client;
    private final boolean remoteParent;
    private final boolean sampled;
    private final long startEpochNanos;
    private long endEpochNanos;
    private String name;
    private boolean failed;
    private final List<String> tags = new ArrayList<>();
    private final List<Long> eventTimes = new ArrayList<>();
    private final List<String> events = new ArrayList<>();

    OtlpSpan(
            OtlpReporter reporter,
            W3cContext context,
            boolean client,
            boolean remoteParent,
            boolean sampled,
            String name,
            long startEpochNanos) {
        this.reporter = reporter;
        this.context = context;
        this.spanId = ZipkinTracer.random();
        this.client = client;
        this.remoteParent = remoteParent;
        this.sampled = sampled;
        this.name = name;
        this.startEpochNanos = startEpochNanos;
    }

    @Override
    public String traceId() {
        return TraceContext.hex(context.traceIdHigh()) + TraceContext.hex(context.traceId());
    }

    @Override
    public @Nullable String spanId() {
        return TraceContext.hex(spanId);
    }

    @Override
    public boolean sampled() {
        return sampled;
    }

    @Override
    public void name(String to) {
        name = to;
    }

    @Override
    public void tag(String key, String value) {
        if (key.equals("http.status_code")) {
            int code = Integer.parseInt(value);
            failed = code >= (client ? 400 : 500);
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
        W3cContext.inject(request, context.traceIdHigh(), context.traceId(), spanId, sampled, context.state());
    }

    @Override
    public Span child(String childName, long epochNanos) {
        W3cContext within = new W3cContext(context.traceIdHigh(), context.traceId(), spanId, sampled, context.state());
        return new OtlpSpan(reporter, within, true, false, sampled, childName, epochNanos);
    }

    @Override
    public void finish(long epochNanos) {
        endEpochNanos = epochNanos;
        if (sampled) {
            reporter.report(this);
        }
    }

    /** Writes the fields of {@code opentelemetry.proto.trace.v1.Span}. */
    void write(ProtoWriter out) {
        byte[] trace = new byte[16];
        big(context.traceIdHigh(), trace, 0);
        big(context.traceId(), trace, 8);
        byte[] own = new byte[8];
        big(spanId, own, 0);
        out.bytes(1, trace).bytes(2, own).string(3, context.state());
        if (context.hasParent()) {
            byte[] parent = new byte[8];
            big(context.parentId(), parent, 0);
            out.bytes(4, parent);
        }
        out.string(5, name).varint(6, client ? CLIENT : SERVER);
        out.fixed64(7, startEpochNanos).fixed64(8, endEpochNanos);
        for (int i = 0; i < tags.size(); i += 2) {
            attribute(out, 9, tags.get(i), tags.get(i + 1));
        }
        for (int i = 0; i < events.size(); i++) {
            int event = out.begin(11);
            out.fixed64(1, eventTimes.get(i)).string(2, events.get(i));
            out.end(event);
        }
        if (failed) {
            int status = out.begin(15);
            out.varint(3, STATUS_ERROR);
            out.end(status);
        }
        out.fixed32(16, SAMPLED | HAS_IS_REMOTE | (remoteParent ? IS_REMOTE : 0));
    }

    private static void big(long value, byte[] to, int at) {
        for (int i = 0; i < 8; i++) {
            to[at + i] = (byte) (value >>> 56 - 8 * i);
        }
    }

    /** A {@code KeyValue} with text. */
    static void attribute(ProtoWriter out, int field, String key, String value) {
        int attribute = out.begin(field);
        out.string(1, key);
        int any = out.begin(2);
        out.stringAlways(1, value);
        out.end(any);
        out.end(attribute);
    }
}
