package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.transport.LoopLocal;
import io.netty.channel.EventLoop;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Spans in Zipkin's form, with B3 propagation. */
final class ZipkinTracer implements Tracer {
    private final ZipkinConfig config;
    private final TracingConfig.Environment environment;
    private final LoopLocal<ZipkinReporter> reporters;

    ZipkinTracer(ZipkinConfig config, TracingConfig.Environment environment) {
        this.config = config;
        this.environment = environment;
        ZipkinStats stats = new ZipkinStats(environment.root().scope("tracing.zipkin."));
        this.reporters = new LoopLocal<>(loop -> new ZipkinReporter(config, environment, stats, loop));
    }

    @Override
    public @Nullable Span start(
            HeaderMap request, EventLoop loop, String name, boolean sampled, boolean outbound, long epochNanos) {
        TraceContext came;
        try {
            came = TraceContext.of(request);
        } catch (TraceContext.MalformedException e) {
            return null;
        }
        Boolean told = came.sampled();
        Boolean decided = told == null ? Boolean.valueOf(sampled) : told;
        return new ZipkinSpan(
                reporters.get(loop),
                environment.nodeCluster(),
                context(came, decided, outbound),
                outbound,
                !outbound && config.sharedSpans(),
                name,
                epochNanos);
    }

    private TraceContext context(TraceContext came, Boolean sampled, boolean outbound) {
        if (!came.hasSpan()) {
            long id = random();
            return new TraceContext(config.longTraceIds() ? random() : 0, id, id, 0, sampled, came.single());
        }
        if (!outbound && config.sharedSpans()) {
            return new TraceContext(
                    came.traceIdHigh(), came.traceId(), came.spanId(), came.parentId(), sampled, came.single());
        }
        return new TraceContext(came.traceIdHigh(), came.traceId(), random(), came.spanId(), sampled, came.single());
    }

    static long random() {
        long id;
        do {
            id = ThreadLocalRandom.current().nextLong();
        } while (id == 0);
        return id;
    }
}
