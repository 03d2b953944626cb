package dev.mishap.control.xds;

import com.google.protobuf.ByteString;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a node, aggregated or of one type, in the state of the world or in delta.
 *
 * <p>gRPC's calls come on the transport's threads and do no more than leave something and wake the stream; all else happens in
 * {@link #run} on the stream's worker. A layer that changes wakes it, too. One request is under way at a time: the next is asked for when
 * this one is done.
 */
final class XdsStream extends ServerCall.Listener<InputStream> implements ConnectedStream, Watcher, Runnable {
    private final StreamContext context;
    private final ServerCall<InputStream, WireResponse> call;
    private final XdsMethods.Method method;
    private final Peer peer;
    private final long id;
    private final Instant since;
    private final Executor worker;

    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final AtomicReference<@Nullable StreamRequest> inbox = new AtomicReference<>();
    private final AtomicReference<@Nullable ResourceView> move = new AtomicReference<>();
    private final AtomicReference<@Nullable Status> end = new AtomicReference<>();

    /** Written once, by the first message, before the stream is in the fleet. */
    private volatile @Nullable NodeInfo node;

    private volatile @Nullable ResourceView view;
    private volatile List<Subscription> subscriptions = List.of();
    private boolean closed;
    private long nonces;
    private boolean waitingForOrder;
    private final ClusterEndpoints clusterEndpoints = new ClusterEndpoints();

    XdsStream(
            StreamContext context,
            ServerCall<InputStream, WireResponse> call,
            XdsMethods.Method method,
            Peer peer,
            long id) {
        this.context = context;
        this.call = call;
        this.method = method;
        this.peer = peer;
        this.id = id;
        this.since = context.clock().instant();
        this.worker = context.workers().next();
    }

    // On the transport's thread.

    @Override
    public void onMessage(InputStream message) {
        boolean first = node == null;
        try {
            StreamRequest request = method.delta()
                    ? StreamRequest.delta(message, first, context.limits().names())
                    : StreamRequest.stateOfTheWorld(
                            message, first, context.limits().names());
            if (first) {
                node = context.nodes().read(request.node == null ? ByteString.EMPTY : request.node);
                request.node = null;
            }
            inbox.set(request);
            wake();
        } catch (StreamRequest.TooLargeException e) {
            end(Status.RESOURCE_EXHAUSTED.withDescription(e.getMessage()));
        } catch (IOException | IllegalArgumentException e) {
            end(Status.INVALID_ARGUMENT.withDescription("not a request of this service: " + e.getMessage()));
        }
    }

    @Override
    public void onHalfClose() {
        end(Status.OK);
    }

    @Override
    public void onReady() {
        wake();
    }

    @Override
    public void onCancel() {
        end(Status.CANCELLED);
    }

    // On any thread.

    @Override
    public void wake() {
        if (scheduled.compareAndSet(false, true)) {
            worker.execute(this);
        }
    }

    void end(Status status) {
        end.compareAndSet(null, status);
        wake();
    }

    /** The deadline of the first message is over. */
    void expectNode() {
        if (node == null) {
            end(Status.DEADLINE_EXCEEDED.withDescription(
                    "no request within " + context.limits().nodeDeadline()));
        }
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public NodeInfo node() {
        NodeInfo known = node;
        if (known == null) {
            throw new IllegalStateException("not in the fleet yet");
        }
        return known;
    }

    @Override
    public Peer peer() {
        return peer;
    }

    @Override
    public boolean delta() {
        return method.delta();
    }

    @Override
    public boolean aggregated() {
        return method.typeUrl() == null;
    }

    @Override
    public Instant since() {
        return since;
    }

    @Override
    public List<TypeStatus> types() {
        return subscriptions.stream().map(Subscription::status).toList();
    }

    @Override
    public CompletionStage<List<SentResource>> sent() {
        CompletableFuture<List<SentResource>> answer = new CompletableFuture<>();
        worker.execute(() -> {
            List<SentResource> all = new ArrayList<>();
            subscriptions.forEach(subscription -> subscription.describe(all));
            answer.complete(all);
        });
        return answer;
    }

    @Override
    public ResourceView view() {
        ResourceView known = view;
        if (known == null) {
            throw new IllegalStateException("not in the fleet yet");
        }
        return known;
    }

    @Override
    public void moveTo(ResourceView to) {
        move.set(to);
        wake();
    }

    @Override
    public void disconnect(String reason) {
        end(Status.UNAVAILABLE.withDescription(reason));
    }

    @Override
    public String toString() {
        return node + "#" + id;
    }

    // On the worker.

    @Override
    public void run() {
        scheduled.set(false);
        if (closed) {
            return;
        }
        Status over = end.get();
        if (over != null) {
            close(over);
            return;
        }
        try {
            StreamRequest request = inbox.getAndSet(null);
            if (request != null && !accept(request)) {
                return;
            }
            ResourceView to = move.getAndSet(null);
            if (to != null && view != null) {
                changeView(to);
            }
            push();
            if (request != null) {
                call.request(1);
            }
        } catch (RuntimeException e) {
            context.log().error("stream of {} ends", this, e);
            close(Status.INTERNAL);
        }
    }

    private boolean accept(StreamRequest request) {
        if (view == null && !enter()) {
            return false;
        }
        String type = request.typeUrl;
        if (method.typeUrl() != null) {
            if (!type.isEmpty() && !type.equals(method.typeUrl())) {
                close(Status.INVALID_ARGUMENT.withDescription(
                        "type_url: this stream is of " + method.typeUrl() + ", got " + type));
                return false;
            }
            type = method.typeUrl();
        } else if (type.isEmpty()) {
            close(Status.INVALID_ARGUMENT.withDescription("type_url: an aggregated stream needs one"));
            return false;
        }
        Subscription subscription = find(type);
        if (subscription == null) {
            if (subscriptions.size() >= context.limits().types()) {
                close(Status.RESOURCE_EXHAUSTED.withDescription(
                        "more than " + context.limits().types() + " types"));
                return false;
            }
            subscription = new Subscription(this, type, method.delta());
            List<Subscription> more = new ArrayList<>(subscriptions);
            more.add(subscription);
            more.sort(Order.BY_TYPE);
            subscriptions = List.copyOf(more);
            subscription.first(request);
        } else if (method.delta()) {
            subscription.nextDelta(request, context.clock().instant());
        } else {
            subscription.next(request, context.clock().instant());
        }
        if (subscription.size() > context.limits().names()) {
            close(Status.RESOURCE_EXHAUSTED.withDescription(
                    "more than " + context.limits().names() + " names of " + type));
            return false;
        }
        return true;
    }

    /** The node is known: it gets its view, and is in the fleet. */
    private boolean enter() {
        try {
            view = context.views().viewOf(node(), peer);
        } catch (AccessDeniedException e) {
            close(Status.PERMISSION_DENIED.withDescription(e.getMessage()));
            return false;
        }
        if (!context.fleet().add(this, context.limits().streamsPerNode())) {
            close(Status.RESOURCE_EXHAUSTED.withDescription(
                    "node " + node().id() + " has " + context.limits().streamsPerNode() + " streams already"));
            return false;
        }
        return true;
    }

    private @Nullable Subscription find(String typeUrl) {
        for (Subscription subscription : subscriptions) {
            if (subscription.typeUrl().equals(typeUrl)) {
                return subscription;
            }
        }
        return null;
    }

    private void changeView(ResourceView to) {
        if (to.equals(view)) {
            return;
        }
        subscriptions.forEach(s -> s.watchAll(false));
        view = to;
        subscriptions.forEach(s -> s.watchAll(true));
    }

    /** Sends what the client lacks, in the order in which it can use it, as far as it takes it. */
    private void push() {
        if (subscriptions.isEmpty() || !call.isReady()) {
            return;
        }
        Order order = view().read(() -> Order.of(view(), subscriptions, aggregated()));
        order.first().forEach(this::send);
        if (order.last().isEmpty()) {
            return;
        }
        long now = System.nanoTime();
        Duration deadline = context.limits().orderDeadline();
        long wait = Math.max(
                Order.waitNanos(subscriptions, aggregated(), now, deadline),
                clusterEndpoints.waitNanos(find(TypeUrls.ENDPOINT), now, deadline.toNanos()));
        if (wait <= 0) {
            order.last().forEach(this::send);
        } else if (!waitingForOrder) {
            waitingForOrder = true;
            context.workers()
                    .after(
                            Duration.ofNanos(wait),
                            () -> worker.execute(() -> {
                                waitingForOrder = false;
                                wake();
                            }));
        }
    }

    private void send(Subscription subscription, Changes changes) {
        subscription.take(changes);
        if (changes.isEmpty()) {
            return;
        }
        if (aggregated() && subscription.typeUrl().equals(TypeUrls.CLUSTER)) {
            clusterEndpoints.sent(changes, view(), System.nanoTime());
        }
        String version = subscription.version(changes);
        String nonce = Long.toString(++nonces);
        boolean has = subscription.hasAlready(version) && !node().userAgent().startsWith("gRPC");
        if (!has) {
            call.sendMessage(response(subscription, changes, version, nonce));
        }
        subscription.responded(version, nonce, has, context.clock().instant(), System.nanoTime());
        planBeat(subscription);
    }

    private void planBeat(Subscription subscription) {
        long wait = subscription.heartbeats().plan(System.nanoTime());
        if (wait >= 0) {
            long due = subscription.heartbeats().next();
            context.workers().after(Duration.ofNanos(wait), () -> worker.execute(() -> beat(subscription, due)));
        }
    }

    private void beat(Subscription subscription, long due) {
        if (closed || subscription.heartbeats().next() != due) {
            return;
        }
        List<Resource> alive = subscription.beat();
        // A client that does not read gets no more of them; what it has ends, as it should when it is cut off.
        if (!alive.isEmpty() && call.isReady()) {
            String nonce = Long.toString(++nonces);
            TypeStatus status = subscription.status();
            String version = method.delta() ? status.sentVersion() : status.ackedVersion();
            call.sendMessage(heartbeat(subscription, alive, version, nonce));
            subscription.heartbeats().sent(nonce);
        }
        planBeat(subscription);
    }

    private WireResponse response(Subscription subscription, Changes changes, String version, String nonce) {
        if (method.delta()) {
            return WireResponse.delta(subscription.typeUrl(), changes.put, changes.removed, version, nonce);
        }
        Collection<Resource> resources = subscription.wholeState() ? subscription.resources() : changes.put;
        return WireResponse.stateOfTheWorld(subscription.typeUrl(), resources, version, nonce);
    }

    /**
     * In the state of the world Envoy (1.40, {@code GrpcMuxImpl}) takes resources without content for heartbeats and then does not extend
     * their time to live, so it gets the whole resource again; it sees that nothing has changed.
     */
    private WireResponse heartbeat(Subscription subscription, List<Resource> alive, String version, String nonce) {
        boolean stateOfTheWorld = !method.delta();
        if (stateOfTheWorld && node().userAgent().equals("envoy")) {
            Collection<Resource> resources = subscription.wholeState() ? subscription.resources() : alive;
            return WireResponse.stateOfTheWorld(subscription.typeUrl(), resources, version, nonce);
        }
        return WireResponse.heartbeat(subscription.typeUrl(), alive, stateOfTheWorld, version, nonce);
    }

    void changed(TypeStatus status) {
        context.fleet().changed(this, status);
    }

    void watch(String typeUrl, String name) {
        watching(typeUrl, name, true);
    }

    void unwatch(String typeUrl, String name) {
        watching(typeUrl, name, false);
    }

    void watching(String typeUrl, String name, boolean on) {
        for (ResourceLayer layer : view().layers()) {
            if (on) {
                layer.watch(typeUrl, name, this);
            } else {
                layer.unwatch(typeUrl, name, this);
            }
        }
    }

    private void close(Status status) {
        closed = true;
        if (view != null) {
            subscriptions.forEach(s -> s.watchAll(false));
        }
        context.fleet().remove(this);
        context.closed(this);
        if (status.getCode() != Status.Code.CANCELLED) {
            call.close(status, new Metadata());
        }
    }
}
