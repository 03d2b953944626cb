package dev.mishap.proxy.xds.grpc;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.xds.ResourceDecoder;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stream to a management server and all subscriptions that it carries. While a response is applied, what its subscribers
 * ask for in turn is gathered; it goes out before the response is acknowledged, so that a server sees dependencies first. The
 * refusal of what was refused before waits: Envoy sends it at once, thousands of times a second to a server that does as much.
 * Confined to the main loop.
 */
public final class XdsMux {
    private static final Logger LOG = LoggerFactory.getLogger("config");

    /** Failures of the first server before the second one is tried. */
    private static final int TRIES_OF_FIRST = 2;

    private final Settings settings;
    private final List<XdsTransport> servers;
    private final XdsTimers timers;
    private final ResourceDecoder decoder;
    private final byte[] node;
    private final Map<ResourceType, TypeState> types = new LinkedHashMap<>();
    private final Deque<TypeState> acknowledgements = new ArrayDeque<>();
    private final Deque<Runnable> later = new ArrayDeque<>();
    private final Gauge connected;
    private final Gauge pending;
    private final Counter rateLimited;
    private final @Nullable TokenBucket bucket;
    private int server;
    /** Whether the first server has ever answered: then the others are not for us. */
    private boolean heardOfFirst;

    private int failuresOfFirst;
    private int failures;
    private int applying;
    private boolean heard;
    private boolean nodeSent;
    private boolean started;
    private boolean closed;
    private int generation;
    private XdsTransport.@Nullable Stream stream;
    private XdsTimers.@Nullable Timer retry;
    private XdsTimers.@Nullable Timer refill;

    /**
     * How a stream is used.
     *
     * @param method gRPC method, {@code /package.Service/Method}
     * @param delta incremental rather than state of the world
     * @param nodeOnce {@code set_node_on_first_message_only}
     * @param maxTokens {@code rate_limit_settings.max_tokens}; 0 = requests are not limited
     * @param tokensPerSecond {@code rate_limit_settings.fill_rate}
     */
    public record Settings(String method, boolean delta, boolean nodeOnce, int maxTokens, double tokensPerSecond) {}

    /**
     * A multiplexer that is to be started.
     *
     * @param servers one, or one and another for when it can't be reached
     * @param node encoded {@code envoy.config.core.v3.Node}
     * @param scope stats are {@code control_plane.*} below it
     */
    public XdsMux(
            Settings settings,
            List<XdsTransport> servers,
            XdsTimers timers,
            ResourceDecoder decoder,
            byte[] node,
            Scope scope) {
        this.settings = settings;
        this.servers = List.copyOf(servers);
        this.timers = timers;
        this.decoder = decoder;
        this.node = node;
        Scope own = scope.scope("control_plane.");
        connected = own.gauge("connected_state");
        pending = own.gauge("pending_requests");
        rateLimited = own.counter("rate_limit_enforced");
        bucket = settings.maxTokens() == 0
                ? null
                : new TokenBucket(settings.maxTokens(), settings.tokensPerSecond(), timers.nanoTime());
    }

    /**
     * A subscription that is carried by this stream.
     *
     * @param initialFetchNanos {@code initial_fetch_timeout}; 0 = for ever
     * @param own whether the stream is for this subscription alone
     */
    public Subscription subscribe(
            ResourceType type, SubscriptionStats stats, ResourceWatcher watcher, long initialFetchNanos, boolean own) {
        return new Watch(this, type, stats, watcher, initialFetchNanos, own);
    }

    /** Opens the stream. */
    public void start() {
        if (!started && !closed) {
            started = true;
            connect();
        }
    }

    boolean isDelta() {
        return settings.delta();
    }

    XdsTimers timers() {
        return timers;
    }

    ResourceDecoder decoder() {
        return decoder;
    }

    // ---- subscriptions ----

    void add(Watch watch) {
        TypeState state = types.computeIfAbsent(
                watch.type(), t -> settings.delta() ? new DeltaState(this, t) : new SotwState(this, t));
        state.watches.add(watch);
        state.wishesChanged();
        state.added(watch, watch.names());
        flush();
    }

    /** @param more names that the watch has not had before */
    void changed(Watch watch, Set<String> more) {
        TypeState state = types.get(watch.type());
        if (state != null) {
            state.forgetUnwanted();
            state.wishesChanged();
            state.added(watch, more);
            flush();
        }
    }

    void remove(Watch watch) {
        TypeState state = types.get(watch.type());
        if (state != null && state.watches.remove(watch)) {
            state.wishesChanged();
            state.forgetUnwanted();
            flush();
        }
    }

    /** Runs {@code action} when what is being applied now is done, in good time before the acknowledgement. */
    void soon(Runnable action) {
        later.add(action);
        if (applying == 0) {
            timers.schedule(this::runLater, 0);
        }
    }

    private void runLater() {
        applying++;
        Runnable next;
        while ((next = later.poll()) != null) {
            next.run();
        }
        applying--;
        flush();
    }

    // ---- the stream ----

    private void connect() {
        retry = null;
        if (closed) {
            return;
        }
        int mine = ++generation;
        XdsTransport transport = servers.get(server);
        heard = false;
        nodeSent = false;
        LOG.debug("Establishing new gRPC bidi stream to {} for {}", transport.name(), settings.method());
        XdsTransport.Stream opened = transport.open(settings.method(), new XdsTransport.Listener() {
            @Override
            public void onMessage(byte[] message) {
                if (mine == generation) {
                    received(message);
                }
            }

            @Override
            public void onClose(int code, String message) {
                if (mine == generation) {
                    disconnected(code, message);
                }
            }
        });
        if (opened == null || mine != generation) {
            return;
        }
        stream = opened;
        connected.set(server + 1);
        acknowledgements.clear();
        types.values().forEach(state -> {
            state.unhold();
            state.connected();
        });
        flush();
    }

    private void disconnected(int code, String message) {
        generation++;
        stream = null;
        connected.set(0);
        pending.set(0);
        String name = servers.get(server).name();
        LOG.warn(
                "{} gRPC config stream to {} closed: {}, {}",
                settings.method().substring(settings.method().lastIndexOf('/') + 1),
                name,
                code,
                message);
        for (TypeState state : List.copyOf(types.values())) {
            List.copyOf(state.watches).forEach(Watch::disconnected);
        }
        if (heard) {
            failures = 0;
        }
        XdsTransport gone = servers.get(server);
        server = next();
        // full jitter: many proxies that lost one server don't come back at once
        long window = Math.min(gone.backOffMaxNanos(), gone.backOffBaseNanos() << Math.min(failures, 10));
        failures++;
        retry = timers.schedule(this::connect, timers.random(window) + 1);
    }

    /**
     * The server to try now, as Envoy chooses: the second one when the first has failed twice and never answered; back to the first
     * when the second fails. Who was ever answered by the first stays with it, so that two servers do not tell one proxy different things by turns.
     */
    private int next() {
        if (servers.size() < 2 || heardOfFirst || server > 0) {
            return 0;
        }
        return ++failuresOfFirst < TRIES_OF_FIRST ? 0 : 1;
    }

    private void received(byte[] message) {
        Envelope response;
        try {
            response = Envelope.read(message, settings.delta());
        } catch (ConfigException e) {
            // What can't be read names no type, so there is nothing to refuse: another stream may do better.
            LOG.warn("a response of {} can't be read: {}", servers.get(server).name(), e.getMessage());
            XdsTransport.Stream s = stream;
            if (s != null) {
                s.reset();
            }
            disconnected(3, "unreadable response");
            return;
        }
        heard = true;
        heardOfFirst |= server == 0;
        failures = 0;
        ResourceType type = ResourceType.byUrl(response.typeUrl());
        TypeState state = type == null ? null : types.get(type);
        if (state == null) {
            LOG.warn("Ignoring the message for type URL {} as it has no current subscribers.", response.typeUrl());
            return;
        }
        applying++;
        state.apply(response);
        runLater();
        applying--;
        state.unhold();
        long wait = state.holdNanos(response);
        if (wait == 0) {
            acknowledgements.add(state);
        } else {
            state.hold(timers.schedule(
                    () -> {
                        if (state.unhold()) {
                            acknowledgements.add(state);
                            flush();
                        }
                    },
                    wait));
        }
        flush();
    }

    /** Sends what is to be sent: changed wishes in the order of first subscription, then acknowledgements. */
    void flush() {
        XdsTransport.Stream s = stream;
        if (s == null || applying > 0 || closed) {
            return;
        }
        for (TypeState state : new ArrayList<>(types.values())) {
            // A wish that an acknowledgement is waiting to carry needs no request of its own.
            if (state.hasNews() && !acknowledgements.contains(state)) {
                if (!allowed()) {
                    return;
                }
                send(s, state, state.unhold()); // a refusal that waits goes along
            }
        }
        while (!acknowledgements.isEmpty()) {
            if (!allowed()) {
                return;
            }
            send(s, acknowledgements.remove(), true);
        }
        pending.set(0);
    }

    private boolean allowed() {
        TokenBucket b = bucket;
        if (b == null || b.take(timers.nanoTime())) {
            return true;
        }
        rateLimited.inc();
        pending.set(acknowledgements.size()
                + types.values().stream().filter(TypeState::hasNews).count());
        if (refill == null) {
            refill = timers.schedule(
                    () -> {
                        refill = null;
                        flush();
                    },
                    b.untilNext(timers.nanoTime()));
        }
        return false;
    }

    private void send(XdsTransport.Stream s, TypeState state, boolean acknowledge) {
        ProtoWriter out = new ProtoWriter(256);
        boolean withNode = !settings.nodeOnce() || !nodeSent;
        state.request(out, withNode ? node : null, acknowledge);
        nodeSent = true;
        s.send(out);
    }

    /** Ends the stream and all that waits. */
    public void close() {
        closed = true;
        generation++;
        XdsTransport.Stream s = stream;
        stream = null;
        if (s != null) {
            s.reset();
        }
        XdsTimers.Timer r = retry;
        if (r != null) {
            r.cancel();
        }
        types.values().forEach(TypeState::stop);
    }
}
