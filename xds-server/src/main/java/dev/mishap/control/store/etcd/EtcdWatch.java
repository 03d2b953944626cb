package dev.mishap.control.store.etcd;

import com.google.protobuf.ByteString;
import dev.mishap.control.store.Event;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Watch;
import dev.mishap.control.store.WatchListener;
import dev.mishap.control.store.etcd.wire.WatchCreateRequest;
import dev.mishap.control.store.etcd.wire.WatchGrpc;
import dev.mishap.control.store.etcd.wire.WatchRequest;
import dev.mishap.control.store.etcd.wire.WatchResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One watch, on a stream of its own. When the stream breaks, the next one goes on from the revision after the last that was told. */
final class EtcdWatch implements Watch {
    private static final Logger LOG = LoggerFactory.getLogger(EtcdWatch.class);
    private static final long MIN_BACKOFF_MILLIS = 50;
    private static final long MAX_BACKOFF_MILLIS = 2_000;

    private final EtcdChannel channel;
    private final ScheduledExecutorService executor;
    private final EtcdKeys keys;
    private final String prefix;
    private final WatchListener listener;
    private final Consumer<EtcdWatch> onClosed;
    private long next;
    private long backoffMillis = MIN_BACKOFF_MILLIS;
    private @Nullable ClientCall<WatchRequest, WatchResponse> call;
    /** Answers of streams that were given up don't count. */
    private int generation;

    private boolean closed;

    EtcdWatch(
            EtcdChannel channel,
            ScheduledExecutorService executor,
            EtcdKeys keys,
            String prefix,
            long from,
            WatchListener listener,
            Consumer<EtcdWatch> onClosed) {
        this.channel = channel;
        this.executor = executor;
        this.keys = keys;
        this.prefix = prefix;
        this.listener = listener;
        this.onClosed = onClosed;
        next = from;
    }

    synchronized void connect() {
        if (closed) {
            return;
        }
        int mine = ++generation;
        int member = channel.member();
        ClientCall<WatchRequest, WatchResponse> stream =
                channel.channel(member).newCall(WatchGrpc.getWatchMethod(), CallOptions.DEFAULT);
        call = stream;
        StreamObserver<WatchRequest> requests = ClientCalls.asyncBidiStreamingCall(stream, new StreamObserver<>() {
            @Override
            public void onNext(WatchResponse response) {
                told(mine, response);
            }

            @Override
            public void onError(Throwable failure) {
                broken(mine, member, Status.fromThrowable(failure));
            }

            @Override
            public void onCompleted() {
                broken(mine, member, Status.UNAVAILABLE.withDescription("etcd ended the watch"));
            }
        });
        ByteString key = keys.of(prefix);
        requests.onNext(WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder()
                        .setKey(key)
                        .setRangeEnd(EtcdKeys.end(key))
                        .setStartRevision(next)
                        .setProgressNotify(true))
                .build());
    }

    /** Runs under the lock, as all that changes the watch: so no call comes after {@link #close}. */
    private synchronized void told(int mine, WatchResponse response) {
        if (closed || mine != generation) {
            return;
        }
        long revision = response.getHeader().getRevision();
        if (response.getCanceled()) {
            if (response.getCompactRevision() > 0) {
                end(new StoreException.Compacted(next, response.getCompactRevision()));
            } else {
                broken(mine, channel.member(), Status.UNAVAILABLE.withDescription(response.getCancelReason()));
            }
        } else if (response.getCreated()) {
            backoffMillis = MIN_BACKOFF_MILLIS;
            next = next == 0 ? revision + 1 : next;
        } else if (response.getEventsCount() == 0) {
            // Everything up to the header's revision was sent.
            next = Math.max(next, revision + 1);
            tell(() -> listener.onProgress(revision));
        } else {
            events(response);
        }
    }

    /** Several transactions may come in one answer, in order; a transaction is never in two, since fragments were not asked for. */
    private void events(WatchResponse response) {
        List<Event> together = new ArrayList<>();
        long revision = 0;
        for (dev.mishap.control.store.etcd.wire.Event event : response.getEventsList()) {
            long of = event.getKv().getModRevision();
            if (of != revision && !together.isEmpty()) {
                tell(revision, together);
                together = new ArrayList<>();
            }
            revision = of;
            together.add(
                    event.getType() == dev.mishap.control.store.etcd.wire.Event.EventType.DELETE
                            ? new Event.Delete(keys.text(event.getKv().getKey()), of)
                            : new Event.Put(keys.entry(event.getKv())));
        }
        tell(revision, together);
    }

    private void tell(long revision, List<Event> events) {
        // After a reconnect etcd begins where it was told to; anything older is not ours.
        if (revision >= next) {
            next = revision + 1;
            tell(() -> listener.onEvents(revision, List.copyOf(events)));
        }
    }

    private void tell(Runnable call) {
        if (closed) {
            return;
        }
        try {
            call.run();
        } catch (RuntimeException e) {
            LOG.error("a watch of '{}' fails", prefix, e);
            end(new StoreException.Unavailable("the listener fails: " + e, e));
        }
    }

    private synchronized void broken(int mine, int member, Status status) {
        if (closed || mine != generation) {
            return;
        }
        LOG.debug("the watch of '{}' goes on from revision {} after: {}", prefix, next, status);
        channel.failed(member);
        generation++;
        if (call != null) {
            // A watch that etcd has ended leaves its stream open.
            call.cancel("the watch goes on elsewhere", null);
            call = null;
        }
        long jittered = backoffMillis / 2 + ThreadLocalRandom.current().nextLong(backoffMillis / 2 + 1);
        backoffMillis = Math.min(MAX_BACKOFF_MILLIS, backoffMillis * 2);
        Runnable again = EtcdErrors.isOfToken(status) ? () -> channel.refresh(this::connect) : this::connect;
        try {
            executor.schedule(again, jittered, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("closed");
        }
    }

    synchronized void end(StoreException reason) {
        if (!closed) {
            close();
            try {
                listener.onEnd(reason);
            } catch (RuntimeException e) {
                LOG.error("a watch of '{}' fails at its end", prefix, e);
            }
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (call != null) {
            call.cancel("closed", null);
        }
        onClosed.accept(this);
    }
}
