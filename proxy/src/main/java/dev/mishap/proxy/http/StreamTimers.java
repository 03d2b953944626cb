package dev.mishap.proxy.http;

import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * The clocks of one stream: between two of its events, for its whole life, for its request to arrive, and one for the terminal filter; and
 * what becomes of a stream whose time is over. Confined to the loop.
 */
final class StreamTimers {
    private final ActiveStream stream;
    private final ConnectionManagerConfig config;
    private final EventLoop loop;
    // Each is made when it is first wanted: most configurations have no use for all of them.
    private @Nullable DeadlineTimer idle;
    private @Nullable DeadlineTimer duration;
    private @Nullable DeadlineTimer request;
    private @Nullable DeadlineTimer ofTerminalFilter;
    private @Nullable Runnable deadlineAction;
    private long idleNanos;

    StreamTimers(ConnectionManagerConfig config, EventLoop loop, ActiveStream stream) {
        this.stream = stream;
        this.config = config;
        this.loop = loop;
    }

    /** A stream begins, with the connection manager's limits. */
    void begin(long now) {
        idleNanos = config.streamIdleTimeoutNanos;
        if (config.requestTimeoutNanos > 0) {
            request().set(now, config.requestTimeoutNanos);
        }
        if (config.maxStreamDurationNanos > 0) {
            duration().set(now, config.maxStreamDurationNanos);
        }
        touch(now);
    }

    /** Something went either way. */
    void touch(long now) {
        if (idleNanos > 0) {
            idle().set(now, idleNanos);
        }
    }

    void requestComplete() {
        clear(request);
    }

    /** The route is known, whose limits go before the connection manager's. */
    void apply(SelectedRoute route, HeaderMap requestHeaders, long startNanos, long now) {
        long ofIdle = route.idleTimeoutNanos();
        if (ofIdle >= 0) {
            idleNanos = ofIdle;
            if (ofIdle == 0) {
                clear(idle);
            } else {
                idle().set(now, ofIdle);
            }
        }
        long max = route.maxStreamDurationNanos(requestHeaders);
        if (max == 0) {
            clear(duration);
        } else if (max > 0) {
            duration().set(startNanos, max);
        }
    }

    /** Has {@code action} run once, unless the deadline is cleared before. */
    void setDeadline(Runnable action, long now, long nanos) {
        deadlineAction = action;
        ofTerminalFilter().set(now, nanos);
    }

    void clearDeadline() {
        deadlineAction = null;
        clear(ofTerminalFilter);
    }

    private void onDeadline() {
        Runnable action = deadlineAction;
        if (action != null) {
            deadlineAction = null;
            action.run();
        }
    }

    private void onIdle() {
        if (stream.active()) {
            config.stats.rqIdleTimeout.inc();
            stream.info().addFlag(ResponseFlag.STREAM_IDLE_TIMEOUT);
            stream.timedOut(LocalReply.of(lateStatus(), "stream timeout", "stream_idle_timeout"));
        }
    }

    private void onTooLong() {
        if (stream.active()) {
            config.stats.rqMaxDurationReached.inc();
            stream.timedOut(new LocalReply(
                    lateStatus(),
                    "downstream duration timeout",
                    "max_duration_timeout",
                    GrpcReply.DEADLINE_EXCEEDED,
                    null));
        }
    }

    /** Of a client that still sends, or of an upstream that does not answer. */
    private int lateStatus() {
        return stream.codec().requestComplete() ? 504 : 408;
    }

    private void onRequestTooSlow() {
        if (stream.active()) {
            config.stats.rqTimeout.inc();
            stream.closeAfterResponse();
            stream.timedOut(LocalReply.of(408, "request timeout", "request_overall_timeout"));
        }
    }

    /** The stream is over. */
    void clear() {
        clearDeadline();
        clear(idle);
        clear(duration);
        clear(request);
    }

    /** There will be no other stream. */
    void close() {
        close(idle);
        close(duration);
        close(request);
        close(ofTerminalFilter);
    }

    private DeadlineTimer idle() {
        DeadlineTimer t = idle;
        if (t == null) {
            t = new DeadlineTimer(loop, this::onIdle);
            idle = t;
        }
        return t;
    }

    private DeadlineTimer duration() {
        DeadlineTimer t = duration;
        if (t == null) {
            t = new DeadlineTimer(loop, this::onTooLong);
            duration = t;
        }
        return t;
    }

    private DeadlineTimer request() {
        DeadlineTimer t = request;
        if (t == null) {
            t = new DeadlineTimer(loop, this::onRequestTooSlow);
            request = t;
        }
        return t;
    }

    private DeadlineTimer ofTerminalFilter() {
        DeadlineTimer t = ofTerminalFilter;
        if (t == null) {
            t = new DeadlineTimer(loop, this::onDeadline);
            ofTerminalFilter = t;
        }
        return t;
    }

    private static void clear(@Nullable DeadlineTimer timer) {
        if (timer != null) {
            timer.clear();
        }
    }

    private static void close(@Nullable DeadlineTimer timer) {
        if (timer != null) {
            timer.close();
        }
    }
}
