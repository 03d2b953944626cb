package dev.mishap.proxy.observe.als;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.WireReader;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.transport.LoopLocal;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcCallbacks;
import dev.mishap.proxy.upstream.client.GrpcService;
import dev.mishap.proxy.upstream.client.GrpcStatus;
import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends entries to an OTLP collector, one call for what each loop has gathered until its size or the flush interval is reached. What
 * the collector has taken counts as written; what it rejects, what a call that fails carries, and what comes while {@value
 * #MOST_CALLS} calls are under way counts as dropped.
 */
final class OtlpLogger {
    /** Calls of one loop that wait for their answer: a collector that does not answer costs entries and no memory. */
    static final int MOST_CALLS = 64;

    private static final String METHOD = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    private static final int LOG_RECORDS = 2;

    private final AsyncGrpcClient client;
    private final GrpcService service;
    private final byte[] resource;
    private final long flushNanos;
    private final long bufferBytes;
    private final GrpcLogger.Stats stats;
    private final Iterable<EventLoop> loops;
    private final LoopLocal<OnLoop> local = new LoopLocal<>(OnLoop::new);

    /** @param resource an {@code opentelemetry.proto.resource.v1.Resource}, encoded */
    OtlpLogger(
            AsyncGrpcClient client,
            GrpcService service,
            byte[] resource,
            long flushNanos,
            long bufferBytes,
            GrpcLogger.Stats stats,
            Iterable<EventLoop> loops) {
        this.client = client;
        this.service = service;
        this.resource = resource;
        this.flushNanos = flushNanos;
        this.bufferBytes = bufferBytes;
        this.stats = stats;
        this.loops = loops;
    }

    /** Where the fields of a {@code LogRecord} are to be written; {@link #end} ends it. */
    ProtoWriter begin() {
        return local.get(loops).begin();
    }

    void end() {
        local.get(loops).end();
    }

    /** How many of its entries a collector says it has rejected, of {@code sent}. */
    static int rejected(byte @Nullable [] response, int sent) {
        if (response == null) {
            return 0;
        }
        try {
            WireReader in = new WireReader(response, 0, response.length);
            while (in.hasMore()) {
                int tag = in.tag();
                if (tag != (1 << 3 | WireReader.BYTES)) {
                    in.skip(tag);
                    continue;
                }
                WireReader partial = in.sub();
                while (partial.hasMore()) {
                    int inner = partial.tag();
                    if (inner == (1 << 3 | WireReader.VARINT)) {
                        return (int) Math.max(0, Math.min(sent, partial.varint()));
                    }
                    partial.skip(inner);
                }
            }
        } catch (ConfigException e) {
            return 0; // an answer that can't be read; the call was a success
        }
        return 0;
    }

    /** The entries of one loop. */
    private final class OnLoop {
        private final EventLoop loop;
        private final ProtoWriter waiting = new ProtoWriter(1024);
        private int begun;
        private int entries;
        private int calls;
        private boolean timerArmed;

        OnLoop(EventLoop loop) {
            this.loop = loop;
        }

        ProtoWriter begin() {
            begun = waiting.begin(LOG_RECORDS);
            return waiting;
        }

        void end() {
            waiting.end(begun);
            entries++;
            if (waiting.size() >= bufferBytes) {
                flush();
            } else if (!timerArmed) {
                timerArmed = true;
                loop.schedule(this::onTimer, flushNanos, TimeUnit.NANOSECONDS);
            }
        }

        private void onTimer() {
            timerArmed = false;
            flush();
        }

        private void flush() {
            if (entries == 0) {
                return;
            }
            int sent = entries;
            entries = 0;
            if (calls >= MOST_CALLS) {
                stats.dropped.add(sent);
            } else {
                ProtoWriter request = new ProtoWriter(waiting.size() + resource.length + 64);
                int resourceLogs = request.begin(1);
                request.bytesAlways(1, resource, 0, resource.length);
                request.message(2, waiting);
                request.end(resourceLogs);
                calls++;
                client.unary(service, METHOD, loop, request, new Call(sent));
            }
            waiting.clear();
        }

        /** One call under way. */
        private final class Call implements GrpcCallbacks {
            private final int sent;
            private byte @Nullable [] response;

            Call(int sent) {
                this.sent = sent;
            }

            @Override
            public void onMessage(byte[] message) {
                response = message;
            }

            @Override
            public void onClose(GrpcStatus status) {
                calls--;
                int lost = status.isOk() ? rejected(response, sent) : sent;
                stats.dropped.add(lost);
                stats.written.add(sent - lost);
            }
        }
    }
}
