package dev.mishap.proxy.listener;

import dev.mishap.proxy.filter.network.NetworkFilterFactory;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.ConnectionEvent;
import dev.mishap.proxy.transport.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** A listener at work: its sockets, one a worker where the system allows it, and its connections. */
public final class Listener {
    private final ListenerConfig config;
    private final Transport transport;
    private final List<EventLoop> workers;
    private final Stats stats;
    private final List<Channel> sockets = new ArrayList<>();
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private volatile boolean listening;

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
        return listening;
    }

    /** Where it listens, with the port that was found when the configured one is 0. */
    public synchronized InetSocketAddress address() {
        return sockets.isEmpty()
                ? config.address()
                : (InetSocketAddress) sockets.get(0).localAddress();
    }

    /**
     * Binds the sockets; blocks until all are there.
     *
     * @throws BindException when the address can't be had
     */
    public synchronized void bind() {
        boolean each = config.reusePort() && transport.supportsReusePort();
        InetSocketAddress address = config.address();
        for (int i = 0; i < (each ? workers.size() : 1); i++) {
            ServerBootstrap b = new ServerBootstrap();
            EventLoop own = workers.get(i);
            // Without a socket of its own for each worker, one worker accepts, and all take turns with the connections.
            b.group(own, each ? own : own.parent()).channel(transport.serverChannel());
            if (each) {
                transport.reusePort(b);
            }
            b.childHandler(new Accepted(i));
            b.option(ChannelOption.SO_REUSEADDR, true);
            b.option(ChannelOption.SO_BACKLOG, config.backlog() == 0 ? 4096 : config.backlog());
            b.childOption(ChannelOption.TCP_NODELAY, true);
            int high = Math.max(config.bufferLimit(), 1);
            b.childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(high / 2, high));
            Channel socket = bind(b, address);
            sockets.add(socket);
            address = (InetSocketAddress) socket.localAddress();
        }
        listening = true;
    }

    private Channel bind(ServerBootstrap b, InetSocketAddress address) {
        var future = b.bind(address).awaitUninterruptibly();
        if (!future.isSuccess()) {
            close();
            throw new BindException(
                    "error adding listener '" + address.getAddress().getHostAddress() + ":" + address.getPort()
                            + "': cannot bind: " + reason(future.cause()));
        }
        return future.channel();
    }

    /** The system's own words, which Netty's native transport puts after its own. */
    private static String reason(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        return message.substring(message.lastIndexOf(": ") + (message.contains(": ") ? 2 : 1));
    }

    /** A listener's address can't be had. */
    public static final class BindException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        BindException(String message) {
            super(message, null, false, false);
        }
    }

    /** Stops accepting; connections that are there go on. */
    public synchronized void close() {
        listening = false;
        for (Channel s : sockets) {
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

    private void accepted(Channel channel, int worker) {
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

    @ChannelHandler.Sharable
    private final class Accepted extends ChannelInitializer<Channel> {
        private final int worker;

        Accepted(int worker) {
            this.worker = worker;
        }

        @Override
        protected void initChannel(Channel channel) {
            accepted(channel, worker);
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
