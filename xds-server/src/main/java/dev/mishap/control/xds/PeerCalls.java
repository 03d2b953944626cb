package dev.mishap.control.xds;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.concurrent.atomic.AtomicBoolean;

/** Lets calls of generated services in, within the limits, and tells them whose they are. */
final class PeerCalls implements ServerInterceptor {
    private static final Context.Key<Peer> PEER = Context.key("mishap-xds-peer");

    private final StreamCounts counts;

    PeerCalls(StreamCounts counts) {
        this.counts = counts;
    }

    /** Whose call it is, within one that was let in here. */
    static Peer peer() {
        return PEER.get();
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        Peer peer = XdsService.peer(call);
        String full = counts.enter(peer);
        if (full != null) {
            call.close(Status.RESOURCE_EXHAUSTED.withDescription(full), new Metadata());
            return new ServerCall.Listener<>() {};
        }
        AtomicBoolean open = new AtomicBoolean(true);
        Runnable leave = () -> {
            if (open.compareAndSet(true, false)) {
                counts.leave(peer);
            }
        };
        ServerCall<Q, A> counted = new SimpleForwardingServerCall<>(call) {
            @Override
            public void close(Status status, Metadata trailers) {
                leave.run();
                super.close(status, trailers);
            }
        };
        ServerCall.Listener<Q> listener =
                Contexts.interceptCall(Context.current().withValue(PEER, peer), counted, headers, next);
        return new SimpleForwardingServerCallListener<>(listener) {
            @Override
            public void onCancel() {
                leave.run();
                super.onCancel();
            }

            @Override
            public void onComplete() {
                leave.run();
                super.onComplete();
            }
        };
    }
}
