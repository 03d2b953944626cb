package dev.mishap.proxy.http;

import io.netty.channel.EventLoop;

/** The clocks of one stream: between two of its events, for its whole life, and for its request to arrive. Confined to the loop. */
final class StreamTimers {
    private final ConnectionManagerConfig config;
    private final DeadlineTimer idle;
    private final DeadlineTimer duration;
    private final DeadlineTimer request;
    private final DeadlineTimer ofTerminalFilter;
    private long idleNanos;

    StreamTimers(ConnectionManagerConfig config, EventLoop loop, ActiveStream stream) {
        this.config = config;
        this.idle = new DeadlineTimer(loop, stream::onIdle);
        this.duration = new DeadlineTimer(loop, stream::onTooLong);
        this.request = new DeadlineTimer(loop, stream::onRequestTooSlow);
        this.ofTerminalFilter = new DeadlineTimer(loop, stream::onDeadline);
    }

    /** A stream begins, with the connection manager's limits. */
    void begin(long now) {
        idleNanos = config.streamIdleTimeoutNanos;
        if (config.requestTimeoutNanos > 0) {
            request.set(now, config.requestTimeoutNanos);
        }
        if (config.maxStreamDurationNanos > 0) {
            duration.set(now, config.maxStreamDurationNanos);
        }
        touch(now);
    }

    /** Something went either way. */
    void touch(long now) {
        if (idleNanos > 0) {
            idle.set(now, idleNanos);
        }
    }

    void requestComplete() {
        request.clear();
    }

    /** The route is known, whose limits go before the connection manager's. */
    void apply(SelectedRoute route, HeaderMap requestHeaders, long startNanos, long now) {
        long ofIdle = route.idleTimeoutNanos();
        if (ofIdle >= 0) {
            idleNanos = ofIdle;
            if (ofIdle == 0) {
                idle.clear();
            } else {
                idle.set(now, ofIdle);
            }
        }
        long max = route.maxStreamDurationNanos(requestHeaders);
        if (max == 0) {
            duration.clear();
        } else if (max > 0) {
            duration.set(startNanos, max);
        }
    }

    void setDeadline(long now, long nanos) {
        ofTerminalFilter.set(now, nanos);
    }

    void clearDeadline() {
        ofTerminalFilter.clear();
    }

    /** The stream is over. */
    void clear() {
        ofTerminalFilter.clear();
        idle.clear();
        duration.clear();
        request.clear();
    }

    /** There will be no other stream. */
    void close() {
        idle.close();
        duration.close();
        request.close();
        ofTerminalFilter.close();
    }
}
