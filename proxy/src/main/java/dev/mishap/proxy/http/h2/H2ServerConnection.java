package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.ActiveStream;
import dev.mishap.proxy.http.ConnectionManagerConfig;
import dev.mishap.proxy.http.ConnectionManagerStats;
import dev.mishap.proxy.http.ConnectionTimers;
import dev.mishap.proxy.http.DelayedClose;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.SpareStreams;
import dev.mishap.proxy.http.StreamIds;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.h1.H1Limits;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.ConnectionLoss;
import dev.mishap.proxy.transport.ProcessEnd;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A downstream HTTP/2 connection. Its streams are used again, one request after the other. */
public final class H2ServerConnection extends H2Connection implements ConnectionTimers.Owner {
    private static final Logger LOG = LoggerFactory.getLogger(H2ServerConnection.class);
    /** Stream objects that are kept for requests to come. */
    private static final int MAX_SPARE = 64;

    private enum Drain {
        NONE,
        /** The client was told that the end is near. */
        ANNOUNCED,
        /** The client was told which stream is the last. */
        LAST
    }

    private final ConnectionManagerConfig config;
    private final ConnectionManagerStats cm;
    private final H1Limits.Underscores underscores;
    private final ArrayDeque<H2ServerStream> spare = new ArrayDeque<>();
    private final List<H2ServerStream> retired = new ArrayList<>();
    private final long openedNanos;
    private final ConnectionInfo connection;
    private final boolean counted;
    private @Nullable SpareStreams streams;
    private @Nullable ConnectionTimers timers;
    private @Nullable DelayedClose end;
    private Drain drain = Drain.NONE;
    private boolean started;
    private boolean closing;
    private boolean closedLocally;
    private boolean gone;
    private long bytesCounted;
    private long requests;
    private long closedStreams;
    private long prematureResets;

    /**
     * A connection.
     *
     * @param openedNanos when it was accepted
     * @param counted whether it is in the connection manager's stats already
     */
    public H2ServerConnection(
            ConnectionManagerConfig config,
            H2Options options,
            H2Stats stats,
            H1Limits limits,
            ConnectionInfo connection,
            long openedNanos,
            boolean counted) {
        super(options, stats, true, limits.maxHeaderBytes(), limits.maxHeaders());
        this.config = config;
        this.cm = config.stats;
        this.underscores = limits.underscores();
        this.openedNanos = openedNanos;
        this.connection = connection;
        this.counted = counted;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        super.handlerAdded(ctx);
        if (!counted) {
            cm.cxTotal.inc();
            cm.cxActive.inc();
        }
        Channel channel = ctx.channel();
        streams = config.streams(channel.eventLoop());
        timers = new ConnectionTimers(channel.eventLoop(), config, openedNanos, this);
    }

    private ConnectionTimers timers() {
        ConnectionTimers t = timers;
        assert t != null;
        return t;
    }

    @Override
    protected void opened(ChannelHandlerContext ctx) {
        // The codec begins with the client's first byte.
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!started) {
            started = true;
            cm.cxHttp2Total.inc();
            cm.cxHttp2Active.inc();
            super.opened(ctx);
        }
        super.channelRead(ctx, message);
    }

    @Override
    protected void onBytes(int received) {
        cm.cxRxBytesTotal.add(received);
        cm.cxRxBytesBuffered.touch();
    }

    Channel channel() {
        return context().channel();
    }

    boolean takesConnect() {
        return options().allowConnect();
    }

    @Override
    protected int bufferLimit() {
        return config.bufferLimit;
    }

    // ---- streams ----

    @Override
    protected @Nullable H2Stream onStream() {
        if (closing || drain == Drain.LAST) {
            return null;
        }
        H2ServerStream s = spare.pollFirst();
        if (s == null) {
            s = new H2ServerStream(this);
        }
        timers().used();
        requests++;
        cm.rqHttp2Total.inc();
        s.opened(streams());
        if (config.maxRequestsPerConnection > 0 && requests >= config.maxRequestsPerConnection) {
            if (drain == Drain.NONE) {
                cm.cxMaxRequestsReached.inc();
            }
            startDrain();
        }
        return s;
    }

    private SpareStreams streams() {
        SpareStreams s = streams;
        assert s != null;
        return s;
    }

    void describe(ActiveStream stream) {
        stream.begin(System.nanoTime());
        StreamInfo info = stream.info();
        info.streamId = StreamIds.next();
        info.on(connection);
    }

    /** Does to names with an underscore what is configured; tells what is wrong with the request if that makes it wrong. */
    @Nullable
    String underscores(HeaderMap headers) {
        if (underscores == H1Limits.Underscores.ALLOW) {
            return null;
        }
        for (int i = headers.size() - 1; i >= 0; i--) {
            byte[] a = headers.arena();
            int at = headers.nameOffset(i);
            int end = at + headers.nameLength(i);
            while (at < end && a[at] != '_') {
                at++;
            }
            if (at == end) {
                continue;
            }
            if (underscores == H1Limits.Underscores.REJECT_REQUEST) {
                stats().rejectedForUnderscore.inc();
                return UNDERSCORE;
            }
            stats().droppedForUnderscore.inc();
            headers.removeAt(i);
        }
        return null;
    }

    /** A stream was reset from outside: too many that got nothing, in too short a time, are an attack. */
    void reset(ActiveStream stream) {
        if (stream.active() && isPremature(stream)) {
            prematureResets++;
        }
    }

    private boolean isPremature(ActiveStream stream) {
        long seconds = (System.nanoTime() - stream.info().startNanos) / 1_000_000_000;
        return stream.info().responseCode == 0
                && seconds <= stream.runtime().integer("overload.premature_reset_min_stream_lifetime_seconds", 1);
    }

    /** After the end of a stream that was reset. */
    void checkPrematureResets(ActiveStream stream) {
        if (prematureResets == 0 || closing) {
            return;
        }
        long limit = stream.runtime().integer("overload.premature_reset_total_stream_count", 500);
        if (prematureResets * 2 < Math.max(limit, closedStreams)) {
            return;
        }
        cm.rqTooManyPrematureResets.inc();
        closeNow();
    }

    /** A stream is closed; its object is free when this turn is over. */
    void retire(H2ServerStream s) {
        closedStreams++;
        retired.add(s);
        scheduleTurn();
    }

    @Override
    protected void afterTurn() {
        long w = bytesWritten();
        cm.cxTxBytesTotal.add(w - bytesCounted);
        bytesCounted = w;
        for (int i = 0; i < retired.size(); i++) {
            H2ServerStream s = retired.get(i);
            s.release(streams());
            if (!gone && spare.size() < MAX_SPARE) {
                spare.addFirst(s);
            }
        }
        if (!retired.isEmpty()) {
            retired.clear();
            if (openStreams() == 0) {
                noStreams();
            }
        }
    }

    private void noStreams() {
        if (closing) {
            return;
        }
        if (drain == Drain.LAST) {
            lingerThenClose();
        } else if (drain == Drain.NONE) {
            timers().unused();
        }
    }

    @Override
    protected void onGoAway(int lastStream, int code) {
        // The client opens no more streams; those that are open are answered.
    }

    @Override
    protected void onSettings() {}

    // ---- the end of the connection ----

    @Override
    public void idle() {
        if (openStreams() == 0 && !closing) {
            cm.cxIdleTimeout.inc();
            if (started) {
                startDrain();
            } else {
                closeNow();
            }
        }
    }

    @Override
    public void tooOld() {
        if (closing) {
            return;
        }
        cm.cxMaxDurationReached.inc();
        if (started) {
            startDrain();
        } else {
            closeNow();
        }
    }

    /** Tells the client twice: at first that the end is near, so that what is on its way still arrives, then where it is. */
    void startDrain() {
        if (drain != Drain.NONE || closing) {
            return;
        }
        drain = Drain.ANNOUNCED;
        goAway(Integer.MAX_VALUE, H2Error.NO_ERROR);
        timers().drain();
    }

    @Override
    public void drained() {
        if (closing || drain == Drain.LAST) {
            return;
        }
        drain = Drain.LAST;
        goAway(lastPeerStream(), H2Error.NO_ERROR);
        if (openStreams() == 0) {
            lingerThenClose();
        }
    }

    /** The process drains or fails its health checks. */
    void drainForProcess() {
        if (drain == Drain.NONE && !closing) {
            cm.cxDrainClose.inc();
            startDrain();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ProcessEnd end) {
            end.take();
            if (closing) {
                return;
            }
            if (!started) {
                closeNow();
            } else {
                drained(); // the process ends: no time for two announcements
            }
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    protected void onConnectionError(H2Failure failure) {
        if (failure == H2Failure.KEEPALIVE) {
            closeNow(); // nobody is there to be told
            return;
        }
        if (!failure.flood()) {
            cm.cxProtocolError.inc();
        }
        endStreams(ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR, failure.details());
        lingerThenClose();
    }

    /** What the client still sends is dropped for a while, so that it gets what we have said and not a reset that destroys it. */
    private void lingerThenClose() {
        if (config.delayedCloseTimeoutNanos == 0) {
            closeWhenSent();
            return;
        }
        closing = true;
        closedLocally = true;
        stopReading();
        flush();
        end().linger();
    }

    private DelayedClose end() {
        DelayedClose e = end;
        if (e == null) {
            e = new DelayedClose(context(), config.delayedCloseTimeoutNanos, cm.cxDelayedCloseTimeout::inc);
            end = e;
        }
        return e;
    }

    /** Ends the connection with all its streams, in the middle of whatever they do. */
    void endBy(int code) {
        if (!closing) {
            goAway(lastPeerStream(), code);
            endStreams(ResponseFlag.LOCAL_RESET, "mishap_reset");
            closeWhenSent();
        }
    }

    private void endStreams(ResponseFlag flag, String details) {
        for (H2Stream s : streamsNow()) {
            ActiveStream a = ((H2ServerStream) s).stream();
            forget(s);
            a.onReset(flag, details);
        }
    }

    private void closeNow() {
        closing = true;
        closedLocally = true;
        stopReading();
        endStreams(ResponseFlag.DOWNSTREAM_CONNECTION_TERMINATION, "downstream_remote_disconnect");
        context().close();
    }

    private void closeWhenSent() {
        if (closing) {
            return;
        }
        closing = true;
        closedLocally = true;
        stopReading();
        flush();
        end().whenSent();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        boolean activeRequests = openStreams() > 0 || endedByStream;
        gone = true;
        closing = true;
        stopReading();
        endStreams(ResponseFlag.DOWNSTREAM_CONNECTION_TERMINATION, "downstream_remote_disconnect");
        discard();
        afterTurn();
        spare.clear();
        timers().close();
        if (end != null) {
            end.cancel();
        }
        if (started) {
            cm.cxHttp2Active.dec();
        }
        cm.closed(closedLocally, activeRequests, System.nanoTime() - openedNanos);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!ConnectionLoss.is(cause)) {
            LOG.warn("closing connection {} after an unexpected error", connection.id, cause);
            closedLocally = true;
        }
        ctx.close();
    }
}
