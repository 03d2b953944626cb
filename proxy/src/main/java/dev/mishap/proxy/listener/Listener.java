package dev.mishap.proxy.listener;

import dev.mishap.proxy.filter.network.NetworkFilterFactory;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.ConnectionEvent;
import dev.mishap.proxy.transport.Transport;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A listener at work: one configuration, the connections that it accepted, and the sockets, which it may pass on. */
public final class Listener {
    private final ListenerConfig config;
    private final Stats stats;
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final Transport transport;
    private final List<EventLoop> workers;
    private volatile @Nullable ListenSockets sockets;

    public Listener(ListenerConfig config, Transport transport, List<EventLoop> workers) {
        this.config = config;
        this.transport = transport;
        this.workers = List.copyOf(workers);
        this.stats = new Stats(config.scope(), workers.size());
    }

    public ListenerConfig config() {
        return config;
    }

    /** Whether connections are accepted. */
    public boolean isListening() {
        return sockets != null;
    }

    /** Where it listens, with the port that was found when the configured one is 0. */
    public InetSocketAddress address() {
        ListenSockets s = sockets;
        return s == null ? config.address() : s.address(config.address());
    }

    /**
     * Binds the sockets; blocks until all are there.
     *
     * @throws BindException when the address can't be had
     */
    public void bind() {
        ListenSockets made = new ListenSockets(transport, workers, this);
        made.bind(config);
        sockets = made;
    }

    /** Takes the sockets of {@code before}, which accepts no more. Its connections stay its own. */
    void takeSockets(Listener before) {
        ListenSockets taken = before.sockets;
        if (taken != null) {
            before.sockets = null;
            taken.target(this);
            sockets = taken;
        }
    }

    /** A listener's address can't be had. */
    public static final class BindException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        BindException(String message) {
            super(message, null, false, false);
        }
    }

    /** Stops accepting; connections that are there go on. */
    public void close() {
        ListenSockets s = sockets;
        sockets = null;
        if (s != null) {
            s.close();
        }
    }

    /** Connections that are open. */
    public int connections() {
        return connections.size();
    }

    /** Tells every connection to end as soon as its request, if there is one, is answered. */
    public void drainConnections() {
        for (Channel c : connections) {
            c.eventLoop().execute(() -> c.pipeline().fireUserEventTriggered(ConnectionEvent.DRAIN));
        }
    }

    /** Breaks every connection. */
    void closeConnections() {
        connections.close();
    }

    void accepted(Channel channel, int worker) {
        stats.total.inc();
        stats.active.inc();
        stats.workerTotal[worker].inc();
        stats.workerActive[worker].inc();
        connections.add(channel);
        long opened = System.nanoTime();
        channel.closeFuture().addListener(f -> {
            stats.active.dec();
            stats.workerActive[worker].dec();
            stats.destroy.inc();
            stats.lengthMs.record((System.nanoTime() - opened) / 1_000_000);
        });
        if (config.filters().isEmpty()) {
            channel.close();
            return;
        }
        for (NetworkFilterFactory f : config.filters()) {
            f.install(channel);
        }
    }

    private static final class Stats {
        final Counter total;
        final Gauge active;
        final Counter destroy;
        final Histogram lengthMs;
        final Counter[] workerTotal;
        final Gauge[] workerActive;

        Stats(Scope scope, int workers) {
            total = scope.counter("downstream_cx_total");
            active = scope.gauge("downstream_cx_active");
            destroy = scope.counter("downstream_cx_destroy");
            lengthMs = scope.histogram("downstream_cx_length_ms", Histogram.Unit.MILLISECONDS);
            scope.histogram("connections_accepted_per_socket_event", Histogram.Unit.UNSPECIFIED);
            workerTotal = new Counter[workers];
            workerActive = new Gauge[workers];
            for (int i = 0; i < workers; i++) {
                workerTotal[i] = scope.counter("worker_" + i + ".downstream_cx_total");
                workerActive[i] = scope.gauge("worker_" + i + ".downstream_cx_active");
            }
            // What can't happen here is shown at 0, as Envoy shows it.
            for (String name : List.of(
                    "downstream_cx_overflow",
                    "downstream_cx_overload_reject",
                    "downstream_cx_transport_socket_connect_timeout",
                    "downstream_global_cx_overflow",
                    "downstream_listener_filter_error",
                    "downstream_listener_filter_remote_close",
                    "downstream_pre_cx_timeout",
                    "extension_config_missing",
                    "network_extension_config_missing",
                    "no_filter_chain_match")) {
                scope.counter(name);
            }
            scope.gauge("downstream_pre_cx_active");
        }
    }
}
