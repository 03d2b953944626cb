package dev.mishap.proxy.observe.als;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.transport.LoopLocal;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcCallbacks;
import dev.mishap.proxy.upstream.client.GrpcService;
import dev.mishap.proxy.upstream.client.GrpcStatus;
import dev.mishap.proxy.upstream.client.GrpcStream;
import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Streams entries to a log service, one stream a loop. Entries are gathered until their size or the flush interval is reached. While
 * the stream does not take more, entries beyond the size are dropped and counted, so that a service that is slow costs entries and
 * no memory.
 */
final class GrpcLogger {
    private static final String METHOD = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";
    private static final int HTTP_LOGS = 2;
    private static final int TCP_LOGS = 3;
    private static final int LOG_ENTRY = 1;

    /** {@code access_logs.grpc_access_log.*}. */
    static final class Stats {
        final Counter written;
        final Counter dropped;
        final Counter flushed;
        final Counter flushFailed;

        Stats(Scope scope) {
            written = scope.counter("logs_written");
            dropped = scope.counter("logs_dropped");
            flushed = scope.counter("grpc_entries_flushed");
            flushFailed = scope.counter("grpc_entries_flush_failed");
        }
    }

    private final AsyncGrpcClient client;
    private final GrpcService service;
    private final String logName;
    private final boolean tcp;
    private final long flushNanos;
    private final long bufferBytes;
    private final Stats stats;
    private final Consumer<ProtoWriter> node;
    private final Iterable<EventLoop> loops;
    private final LoopLocal<OnLoop> local = new LoopLocal<>(OnLoop::new);

    GrpcLogger(
            AsyncGrpcClient client,
            GrpcService service,
            String logName,
            boolean tcp,
            long flushNanos,
            long bufferBytes,
            Stats stats,
            Iterable<EventLoop> loops,
            Consumer<ProtoWriter> node) {
        this.client = client;
        this.service = service;
        this.logName = logName;
        this.tcp = tcp;
        this.flushNanos = flushNanos;
        this.bufferBytes = bufferBytes;
        this.stats = stats;
        this.loops = loops;
        this.node = node;
    }

    /** Where the fields of an entry are to be written; {@link #end} ends it. */
    ProtoWriter begin() {
        return local.get(loops).begin();
    }

    void end() {
        local.get(loops).end();
    }

    /** The entries and the stream of one loop. */
    private final class OnLoop implements GrpcCallbacks {
        private final EventLoop loop;
        private final ProtoWriter entry = new ProtoWriter(1024);
        private final ProtoWriter waiting = new ProtoWriter(1024);
        private int entries;
        private boolean timerArmed;
        private @Nullable GrpcStream stream;

        OnLoop(EventLoop loop) {
            this.loop = loop;
        }

        ProtoWriter begin() {
            entry.clear();
            return entry;
        }

        void end() {
            if (waiting.size() >= bufferBytes && blocked()) {
                stats.dropped.inc();
                return;
            }
            stats.written.inc();
            waiting.message(LOG_ENTRY, entry);
            entries++;
            if (waiting.size() >= bufferBytes) {
                flush();
            } else if (!timerArmed) {
                timerArmed = true;
                loop.schedule(this::onTimer, flushNanos, TimeUnit.NANOSECONDS);
            }
        }

        private boolean blocked() {
            GrpcStream s = stream;
            return s != null && !s.isOver() && !s.isWritable();
        }

        private void onTimer() {
            timerArmed = false;
            flush();
        }

        private void flush() {
            if (entries == 0 || blocked()) {
                return;
            }
            GrpcStream s = stream;
            boolean opened = false;
            if (s == null || s.isOver()) {
                s = client.stream(service, METHOD, loop, 1 << 16, this);
                stream = s;
                opened = true;
            }
            if (s == null) {
                stats.flushFailed.add(entries);
            } else {
                ProtoWriter message = new ProtoWriter(waiting.size() + 256);
                if (opened) {
                    identifier(message);
                }
                message.message(tcp ? TCP_LOGS : HTTP_LOGS, waiting);
                s.send(message, false);
                stats.flushed.add(entries);
            }
            waiting.clear();
            entries = 0;
        }

        private void identifier(ProtoWriter message) {
            int identifier = message.begin(1);
            int n = message.begin(1);
            node.accept(message);
            message.end(n);
            message.string(2, logName);
            message.end(identifier);
        }

        @Override
        public void onMessage(byte[] message) {
            // The service has nothing to say but at the end.
        }

        @Override
        public void onClose(GrpcStatus status) {
            stream = null;
        }

        @Override
        public void onWritable() {
            if (waiting.size() >= bufferBytes) {
                flush();
            }
        }
    }
}
