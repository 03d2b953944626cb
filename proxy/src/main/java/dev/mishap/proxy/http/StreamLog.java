package dev.mishap.proxy.http;

import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/** What is written to the access logs of a stream: at its end, and before when that is configured. */
final class StreamLog {
    private final ActiveStream stream;
    private final ConnectionManagerConfig config;
    private final @Nullable DeadlineTimer periodic;

    StreamLog(ActiveStream stream, ConnectionManagerConfig config, EventLoop loop) {
        this.stream = stream;
        this.config = config;
        this.periodic = config.logIntervalNanos > 0 ? new DeadlineTimer(loop, this::again) : null;
    }

    void begin(long now) {
        if (periodic != null) {
            periodic.set(now, config.logIntervalNanos);
        }
    }

    private void again() {
        if (stream.active()) {
            write(AccessLogType.DOWNSTREAM_PERIODIC);
            begin(System.nanoTime());
        }
    }

    void write(AccessLogType type) {
        if (config.accessLogs.length == 0) {
            return;
        }
        StreamInfo info = stream.info();
        stream.codec().account(info.downstreamBytes);
        info.takeMarks();
        info.accessLogType = type;
        for (AccessLog log : config.accessLogs) {
            log.log(stream);
        }
    }

    /** The stream is over. */
    void end() {
        if (periodic != null) {
            periodic.clear();
        }
        write(AccessLogType.DOWNSTREAM_END);
    }

    /** There will be no other stream. */
    void close() {
        if (periodic != null) {
            periodic.close();
        }
    }
}
