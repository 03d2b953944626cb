package dev.mishap.control.store.etcd;

import com.google.protobuf.ByteString;
import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Lease;
import dev.mishap.control.store.Page;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.Transaction.Operation;
import dev.mishap.control.store.Watch;
import dev.mishap.control.store.WatchListener;
import dev.mishap.control.store.etcd.wire.CompactionRequest;
import dev.mishap.control.store.etcd.wire.Compare;
import dev.mishap.control.store.etcd.wire.DeleteRangeRequest;
import dev.mishap.control.store.etcd.wire.KVGrpc;
import dev.mishap.control.store.etcd.wire.KeyValue;
import dev.mishap.control.store.etcd.wire.LeaseGrantRequest;
import dev.mishap.control.store.etcd.wire.LeaseGrpc;
import dev.mishap.control.store.etcd.wire.LeaseKeepAliveRequest;
import dev.mishap.control.store.etcd.wire.LeaseKeepAliveResponse;
import dev.mishap.control.store.etcd.wire.LeaseRevokeRequest;
import dev.mishap.control.store.etcd.wire.PutRequest;
import dev.mishap.control.store.etcd.wire.RangeRequest;
import dev.mishap.control.store.etcd.wire.RangeResponse;
import dev.mishap.control.store.etcd.wire.RequestOp;
import dev.mishap.control.store.etcd.wire.TxnRequest;
import dev.mishap.control.store.etcd.wire.TxnResponse;
import io.grpc.CallOptions;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The store in an etcd cluster, which several replicas share. Reads are linearizable. A member that fails is left for the next one;
 * a write whose answer was lost on the way is {@link StoreException.Unavailable#unknown}, and not tried again.
 */
public final class EtcdStore implements Store {
    private static final long KEEP_ALIVE_SECONDS = 5;

    private final EtcdKeys keys;
    private final ScheduledThreadPoolExecutor executor;
    private final EtcdChannel channel;
    private final Set<EtcdWatch> watches = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * Connects when it is first used.
     *
     * @throws IOException when a certificate or key can't be read
     */
    public EtcdStore(EtcdOptions options) throws IOException {
        Transaction.requirePrefix(options.prefix());
        keys = new EtcdKeys(options.prefix());
        AtomicInteger number = new AtomicInteger();
        executor = new ScheduledThreadPoolExecutor(2, runnable -> {
            Thread thread = new Thread(runnable, "store-etcd-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        channel = new EtcdChannel(options, executor);
    }

    private static <T> CompletionStage<T> translated(CompletionStage<T> stage, boolean changes) {
        return stage.exceptionally(failure -> {
            throw EtcdErrors.of(failure, changes);
        });
    }

    private CompletableFuture<RangeResponse> range(RangeRequest request) {
        return channel.call(KVGrpc.getRangeMethod(), request, false);
    }

    @Override
    public CompletionStage<Optional<Entry>> get(String key) {
        ByteString asked = keys.of(Transaction.requireKey(key));
        return translated(range(RangeRequest.newBuilder().setKey(asked).build()), false)
                .thenApply(answer -> answer.getKvsList().stream().findFirst().map(keys::entry));
    }

    @Override
    public CompletionStage<Page> list(String prefix, @Nullable String after, int limit, long revision) {
        ByteString begin = keys.of(Transaction.requirePrefix(prefix));
        if (limit < 1 || limit > MAX_PAGE) {
            throw new IllegalArgumentException("limit must be 1 to " + MAX_PAGE + ", got " + limit);
        }
        boolean goesOn = after != null && after.compareTo(prefix) >= 0;
        RangeRequest request = RangeRequest.newBuilder()
                .setKey(goesOn && after != null ? keys.of(after).concat(ByteString.copyFrom(new byte[1])) : begin)
                .setRangeEnd(EtcdKeys.end(begin))
                .setLimit(limit)
                .setRevision(revision)
                .build();
        CompletionStage<RangeResponse> answer = range(request);
        return answer.handle((response, failure) -> {
                    if (failure == null) {
                        long of = revision == 0 ? response.getHeader().getRevision() : revision;
                        List<Entry> entries =
                                response.getKvsList().stream().map(keys::entry).toList();
                        return CompletableFuture.completedStage(new Page(of, entries, response.getMore()));
                    }
                    Throwable cause = StoreException.unwrap(failure);
                    if (limit > 1 && isTooMuch(cause)) {
                        return list(prefix, after, limit / 2, revision);
                    }
                    return CompletableFuture.<Page>failedStage(EtcdErrors.of(cause, false));
                })
                .thenCompose(Function.identity());
    }

    /** A page that is larger than a message may be. */
    private static boolean isTooMuch(Throwable cause) {
        Status status = Status.fromThrowable(cause);
        return status.getCode() == Status.Code.RESOURCE_EXHAUSTED
                && String.valueOf(status.getDescription()).contains("exceeds maximum size");
    }

    @Override
    public CompletionStage<Long> commit(Transaction transaction) {
        TxnRequest.Builder request = TxnRequest.newBuilder();
        for (Transaction.Condition condition : transaction.conditions()) {
            ByteString key = keys.of(condition.key());
            request.addCompare(Compare.newBuilder()
                    .setResult(Compare.CompareResult.EQUAL)
                    .setTarget(Compare.CompareTarget.MOD)
                    .setKey(key)
                    .setModRevision(condition.modRevision()));
            request.addFailure(RequestOp.newBuilder()
                    .setRequestRange(RangeRequest.newBuilder().setKey(key).setKeysOnly(true)));
        }
        long lease = 0;
        for (Operation operation : transaction.operations()) {
            ByteString key = keys.of(operation.key());
            if (operation instanceof Operation.Put put) {
                lease = put.lease() == 0 ? lease : put.lease();
                request.addSuccess(RequestOp.newBuilder()
                        .setRequestPut(PutRequest.newBuilder()
                                .setKey(key)
                                .setValue(EtcdKeys.bytes(put.value()))
                                .setLease(put.lease())));
            } else {
                request.addSuccess(RequestOp.newBuilder()
                        .setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(key)));
            }
        }
        long of = lease;
        return channel.call(KVGrpc.getTxnMethod(), request.build(), true)
                .exceptionally(failure -> {
                    if (of != 0 && EtcdErrors.isNotFound(failure)) {
                        throw new StoreException.LeaseNotFound(of);
                    }
                    throw EtcdErrors.of(failure, true);
                })
                .thenApply(answer -> {
                    if (!answer.getSucceeded()) {
                        throw conflict(transaction, answer);
                    }
                    return answer.getHeader().getRevision();
                });
    }

    private static StoreException.Conflict conflict(Transaction transaction, TxnResponse answer) {
        for (int i = 0; i < transaction.conditions().size(); i++) {
            Transaction.Condition condition = transaction.conditions().get(i);
            List<KeyValue> found = answer.getResponses(i).getResponseRange().getKvsList();
            long revision = found.isEmpty() ? 0 : found.get(0).getModRevision();
            if (revision != condition.modRevision()) {
                return new StoreException.Conflict(condition.key(), condition.modRevision(), revision);
            }
        }
        throw new IllegalStateException("etcd refused a transaction whose conditions all hold");
    }

    @Override
    public Watch watch(String prefix, long from, WatchListener listener) {
        EtcdWatch watch = new EtcdWatch(
                channel, executor, keys, Transaction.requirePrefix(prefix), from, listener, watches::remove);
        watches.add(watch);
        if (closed) {
            watch.end(new StoreException.Unavailable("the store is closed", null));
        } else {
            watch.connect();
        }
        return watch;
    }

    @Override
    public CompletionStage<Lease> grant(Duration ttl) {
        if (ttl.isZero() || ttl.isNegative()) {
            throw new IllegalArgumentException("a lease must be at least 1 ms long, got " + ttl);
        }
        long seconds = ttl.plusSeconds(1).minusNanos(1).toSeconds();
        LeaseGrantRequest request =
                LeaseGrantRequest.newBuilder().setTTL(seconds).build();
        // Doing it twice leaves a lease that nobody keeps alive.
        return translated(channel.call(LeaseGrpc.getLeaseGrantMethod(), request, false), false)
                .thenApply(answer -> new Lease(answer.getID(), Duration.ofSeconds(answer.getTTL())));
    }

    @Override
    public CompletionStage<Duration> keepAlive(long lease) {
        if (closed) {
            return CompletableFuture.failedStage(new StoreException.Unavailable("the store is closed", null));
        }
        CompletableFuture<LeaseKeepAliveResponse> result = new CompletableFuture<>();
        int member = channel.member();
        StreamObserver<LeaseKeepAliveRequest> requests = ClientCalls.asyncBidiStreamingCall(
                channel.channel(member)
                        .newCall(
                                LeaseGrpc.getLeaseKeepAliveMethod(),
                                CallOptions.DEFAULT.withDeadlineAfter(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)),
                EtcdChannel.observer(result));
        requests.onNext(LeaseKeepAliveRequest.newBuilder().setID(lease).build());
        return result.handle((answer, failure) -> {
            requests.onCompleted();
            if (failure != null) {
                channel.failed(member);
                throw new CompletionException(EtcdErrors.of(failure, false));
            }
            if (answer.getTTL() <= 0) {
                throw new StoreException.LeaseNotFound(lease);
            }
            return Duration.ofSeconds(answer.getTTL());
        });
    }

    @Override
    public CompletionStage<@Nullable Void> revoke(long lease) {
        LeaseRevokeRequest request =
                LeaseRevokeRequest.newBuilder().setID(lease).build();
        return channel.call(LeaseGrpc.getLeaseRevokeMethod(), request, false).handle((answer, failure) -> {
            if (failure != null && !EtcdErrors.isNotFound(failure)) {
                throw new CompletionException(EtcdErrors.of(failure, true));
            }
            return null;
        });
    }

    @Override
    public CompletionStage<@Nullable Void> compact(long revision) {
        CompactionRequest request =
                CompactionRequest.newBuilder().setRevision(revision).build();
        return translated(channel.call(KVGrpc.getCompactMethod(), request, true), true)
                .thenApply(answer -> null);
    }

    @Override
    public CompletionStage<Long> revision() {
        RangeRequest request = RangeRequest.newBuilder()
                .setKey(keys.of("none"))
                .setKeysOnly(true)
                .build();
        return translated(range(request), false)
                .thenApply(answer -> answer.getHeader().getRevision());
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        List.copyOf(watches).forEach(w -> w.end(new StoreException.Unavailable("the store is closed", null)));
        channel.close();
        executor.shutdown();
    }
}
