package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.Upstreams;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A gRPC call of the proxy's own, with any number of messages in both directions. Confined to its loop. */
public final class GrpcStream implements UpstreamCall.Events {
    private final Upstreams upstreams;
    private final Cluster cluster;
    private final EventLoop loop;
    private final HeaderMap request;
    private UpstreamCall call;
    private @Nullable GrpcTries tries;
    private @Nullable Future<?> backOff;
    /** The one message of a call that may be tried again. */
    private byte[] message = {};

    private final GrpcCallbacks callbacks;
    private final GrpcFrames frames;
    private @Nullable HeaderMap headers;
    private boolean grpcResponse = true;
    private boolean over;

    GrpcStream(
            Upstreams upstreams,
            Cluster cluster,
            EventLoop loop,
            HeaderMap headers,
            int maxMessageBytes,
            GrpcCallbacks callbacks) {
        this.upstreams = upstreams;
        this.cluster = cluster;
        this.loop = loop;
        this.request = headers;
        this.callbacks = callbacks;
        this.frames = new GrpcFrames(maxMessageBytes);
        this.call = new UpstreamCall(upstreams, cluster, loop, headers, this);
    }

    /** Has the call tried again as {@code policy} says; before it starts. */
    void retry(GrpcRetries policy, long timeoutNanos) {
        tries = new GrpcTries(policy, cluster, timeoutNanos == 0 ? 0 : System.nanoTime() + timeoutNanos);
    }

    void start(@Nullable ProtoWriter message, boolean end, long timeoutNanos) {
        if (tries != null && message != null) {
            this.message = Arrays.copyOf(message.array(), message.size());
        }
        call.start(message == null ? null : GrpcFrames.frame(message.array(), 0, message.size()), end, timeoutNanos);
    }

    /** Sends a message; what can't go out yet is kept. Does nothing when the stream is over. */
    public void send(ProtoWriter message, boolean end) {
        call.send(GrpcFrames.frame(message.array(), 0, message.size()), end);
    }

    /** Sends no more messages; what the server still has to say is told. */
    public void halfClose() {
        call.send(Unpooled.EMPTY_BUFFER, true);
    }

    /** Whether what is sent goes out at once; who sends more nevertheless, fills memory. */
    public boolean isWritable() {
        return call.isWritable();
    }

    /** Bytes sent that wait for a connection. */
    public long waitingBytes() {
        return call.waitingBytes();
    }

    /** Stops reading messages until as many calls of {@link #resumeReads}. */
    public void pauseReads() {
        call.pauseReads();
    }

    public void resumeReads() {
        call.resumeReads();
    }

    /** Gives the call up; nothing more is told. */
    public void reset() {
        over = true;
        Future<?> waiting = backOff;
        if (waiting != null) {
            waiting.cancel(false);
        }
        if (tries != null) {
            tries.end();
        }
        call.cancel();
    }

    /** Whether the server has begun to answer. */
    public boolean isAnswered() {
        return headers != null;
    }

    public boolean isOver() {
        return over;
    }

    @Override
    public boolean triesAgain(
            int status, @Nullable HeaderMap received, @Nullable AsyncFailure failure, @Nullable ResetReason reason) {
        // What was told of a response can't be taken back.
        return tries != null && !over && headers == null && tries.decide(status, received, failure, reason);
    }

    /** Sets out for another try, if there is to be one. */
    private boolean goesOn() {
        GrpcTries t = tries;
        if (t == null || over || !t.again()) {
            return false;
        }
        backOff = loop.schedule(this::next, t.delayNanos(upstreams.on(loop).random()), TimeUnit.NANOSECONDS);
        return true;
    }

    private void next() {
        GrpcTries t = tries;
        if (over || t == null) {
            return;
        }
        t.begin();
        headers = null;
        grpcResponse = true;
        call = new UpstreamCall(upstreams, cluster, loop, request, this);
        call.start(GrpcFrames.frame(message, 0, message.length), true, t.leftNanos());
    }

    private void close(GrpcStatus status) {
        if (!over) {
            over = true;
            if (tries != null) {
                tries.end();
            }
            callbacks.onClose(status);
        }
    }

    @Override
    public void onHeaders(HeaderMap received) {
        if (tries != null && tries.again()) {
            grpcResponse = false; // and nobody is told of it
            return;
        }
        headers = received;
        grpcResponse = UpstreamCall.statusOf(received) == 200;
        if (grpcResponse) {
            callbacks.onInitialMetadata(received);
        }
    }

    @Override
    public void onData(ByteBuf transferred) {
        try {
            if (!grpcResponse || over) {
                return;
            }
            GrpcStatus wrong = frames.read(transferred, message -> {
                callbacks.onMessage(message);
                return !over;
            });
            if (wrong != null) {
                call.cancel();
                close(wrong);
            }
        } finally {
            transferred.release();
        }
    }

    @Override
    public void onEnd(@Nullable HeaderMap trailers) {
        if (goesOn()) {
            return;
        }
        HeaderMap head = headers;
        GrpcStatus status = trailers == null ? null : GrpcStatus.in(trailers);
        if (status == null && head != null) {
            status = GrpcStatus.in(head);
        }
        if (head != null && !grpcResponse && status == null) {
            status = GrpcStatus.ofHttp(UpstreamCall.statusOf(head));
        }
        if (status == null) {
            status = new GrpcStatus(GrpcStatus.UNKNOWN, "");
        } else if (status.isOk() && frames.isPartial()) {
            status = new GrpcStatus(GrpcStatus.INTERNAL, "");
        }
        close(status);
    }

    @Override
    public void onFailure(AsyncFailure failure, @Nullable ResetReason reason) {
        if (goesOn()) {
            return;
        }
        String text = failure.text();
        if (reason != null) {
            text += ". reset reason: " + reason.text();
        }
        close(new GrpcStatus(GrpcStatus.UNAVAILABLE, text));
    }

    @Override
    public void onWritable(boolean writable) {
        if (writable && !over) {
            callbacks.onWritable();
        }
    }
}
