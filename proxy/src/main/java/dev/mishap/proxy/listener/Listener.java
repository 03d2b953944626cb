package dev.mishap.proxy.listener;

import dev.mishap.proxy.filter.network.ConnectionGate;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.ProcessEnd;
import dev.mishap.proxy.transport.Transport;
import dev.mishap.proxy.transport.internal.InternalChannel;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A listener at work: one configuration, the connections that it accepted, and the sockets, which it may pass on. A connection
 * keeps the filter chain that it got.
 */
public final class Listener {
    private final ListenerConfig config;
    private final ListenerStats stats;
    private final Transport transport;
    private final ConnectionGate gate;
    private final List<WorkerConnections> workers;
    private final Supplier<List<Listener>> others;
    private volatile @Nullable BoundSockets sockets;

    /**
     * A listener that is not bound yet.
     *
     * @param before the listener that it is an update in place of, whose connections become its own; else null
     * @param gate what each connection has to pass once it has its filter chain
     * @param others the listeners in use, to which a redirected connection may go
     */
    public Listener(
            ListenerConfig config,
            Transport transport,
            List<EventLoop> workers,
            ConnectionGate gate,
            Supplier<List<Listener>> others,
            @Nullable Listener before) {
        this.others = others;
        this.config = config;
        this.gate = gate;
        this.transport = transport;
        this.workers = before == null ? connections(workers) : before.workers;
        this.stats = new ListenerStats(config.scope(), workers.size());
    }

    private static List<WorkerConnections> connections(List<EventLoop> workers) {
        List<WorkerConnections> all = new ArrayList<>();
        for (EventLoop loop : workers) {
            all.add(new WorkerConnections(loop, all.size()));
        }
        return List.copyOf(all);
    }

    public ListenerConfig config() {
        return config;
    }

    /** What it does with datagrams; only of a listener of UDP. */
    UdpConfig udp() {
        UdpConfig udp = config.udp();
        if (udp == null) {
            throw new IllegalStateException(config.name() + " is no listener of UDP");
        }
        return udp;
    }

    /** Whether connections are accepted. */
    public boolean isListening() {
        return sockets != null;
    }

    /** Where it listens, with the port that was found when the configured one is 0. */
    public SocketAddress address() {
        BoundSockets s = sockets;
        return s == null ? config.address() : s.address(config.address());
    }

    /** The port of {@link #address}; 0 for a unix socket. */
    public int port() {
        return address() instanceof InetSocketAddress inet ? inet.getPort() : 0;
    }

    /** The others of its addresses, as they are configured. */
    public List<SocketAddress> additionalAddresses() {
        return config.sockets().addresses().stream()
                .skip(1)
                .map(SocketConfig.Place::address)
                .toList();
    }

    /**
     * Binds the sockets; blocks until all are there.
     *
     * @throws BindException when the address can't be had
     */
    public void bind() {
        List<EventLoop> loops = workers.stream().map(w -> w.loop).toList();
        BoundSockets made = config.udp() == null
                ? new ListenSockets(transport, loops, this, stats.acceptedPerEvent)
                : new UdpSockets(transport, loops, this);
        made.bind(config);
        sockets = made;
        if (config.overload().stopsAccepting()) {
            made.accept(false);
        }
    }

    /** Accepts connections or leaves them in the kernel's queue, by what the overload manager asks. */
    public void applyOverload() {
        BoundSockets s = sockets;
        if (s != null) {
            s.accept(!config.overload().stopsAccepting());
        }
    }

    /** Takes the sockets of {@code before}, which accepts no more. Its connections stay its own. */
    void takeSockets(Listener before) {
        BoundSockets taken = before.sockets;
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
        BoundSockets s = sockets;
        sockets = null;
        if (s != null) {
            s.close();
        }
    }

    /** Connections that are open and have their filter chain. */
    public int connections() {
        int open = 0;
        for (WorkerConnections w : workers) {
            open += w.size();
        }
        return open;
    }

    /** Ends every connection: one of HTTP as soon as its requests, if there are any, are answered, any other at once. */
    public void endConnections() {
        for (WorkerConnections w : workers) {
            w.forEach(c -> {
                ProcessEnd end = new ProcessEnd();
                c.channel.pipeline().fireUserEventTriggered(end);
                if (!end.isTaken()) {
                    c.channel.close();
                }
            });
        }
    }

    /** Breaks every connection. */
    void closeConnections() {
        for (WorkerConnections w : workers) {
            w.forEach(c -> c.channel.close());
        }
    }

    /** Breaks the connections of some filter chains. */
    void closeConnections(Set<FilterChain> chains) {
        for (WorkerConnections w : workers) {
            w.forEach(c -> {
                if (chains.contains(c.chain)) {
                    c.channel.close();
                }
            });
        }
    }

    /** Has the gates decide again about every connection. */
    public void reconsiderConnections() {
        for (WorkerConnections w : workers) {
            w.forEach(c -> {
                TerminalFilterFactory terminal = c.chain.terminal();
                if (terminal != null) {
                    gate.reconsider(c.channel, c.info, config.name(), terminal);
                    for (ConnectionGate own : c.chain.gates()) {
                        own.reconsider(c.channel, c.info, config.name(), terminal);
                    }
                }
            });
        }
    }

    /** Takes a connection; called on its loop. */
    void accepted(Channel channel) {
        ConnectionLimits limits = config.limits();
        if (limits.full()) {
            stats.overflow.inc();
            channel.close();
            return;
        }
        if (config.overload().rejectsConnection()) {
            stats.overloadReject.inc();
            channel.close();
            return;
        }
        if (limits.globallyFull()) {
            stats.globalOverflow.inc();
            channel.close();
            return;
        }
        limits.opened();
        ConnectionInfo info = ConnectionInfo.of(channel);
        if (info.internalAddress != null && channel instanceof InternalChannel internal) {
            internal.introduce(info);
            int high = Math.max(config.bufferLimit(), 1);
            channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(high / 2, high));
        } else if (info.directLocalAddress == null) {
            info.localPath = ListenerAddress.text(config.address());
        }
        channel.closeFuture().addListener(f -> limits.closed());
        serve(channel, info, config.useOriginalDst());
    }

    /** @param handOver whether the connection may go to the listener at the address that it was for */
    private void serve(Channel channel, ConnectionInfo info, boolean handOver) {
        info.listenerMetadata = config.metadata();
        if (config.filters().isEmpty()) {
            if (!choose(channel, info)) {
                channel.close();
            }
        } else {
            new ListenerFilterRun(channel, info, config, stats, (c, i) -> handOver && handOver(c, i) || choose(c, i))
                    .start();
        }
    }

    /** Gives a redirected connection to the listener at the address that it was for, if there is one. */
    private boolean handOver(Channel channel, ConnectionInfo info) {
        InetSocketAddress wanted = info.localAddress;
        if (!info.localAddressRestored || wanted == null) {
            return false;
        }
        Listener found = null;
        for (Listener other : others.get()) {
            for (SocketConfig.Place place : other.config.sockets().addresses()) {
                if (place.address() instanceof InetSocketAddress at && at.getPort() == wanted.getPort()) {
                    if (at.getAddress().equals(wanted.getAddress())) {
                        found = other;
                    } else if (found == null
                            && at.getAddress().isAnyLocalAddress()
                            && at.getAddress().getClass() == wanted.getAddress().getClass()) {
                        found = other;
                    }
                }
            }
        }
        if (found == null || found == this) {
            return false;
        }
        found.serve(channel, info, false);
        return true;
    }

    /** Gives the connection its filter chain; false when there is none for it. */
    private boolean choose(Channel channel, ConnectionInfo info) {
        FilterChain chain = config.chains().find(info);
        if (chain == null) {
            stats.noFilterChainMatch.inc();
            ListenerLog.unmatched(config.log(), info);
            return false;
        }
        ListenerConnection.open(channel, chain, info, stats, worker(channel.eventLoop()), config, gate);
        return true;
    }

    /** Whether {@code loop} is a worker's. */
    boolean serves(EventLoop loop) {
        for (WorkerConnections w : workers) {
            if (w.loop == loop) {
                return true;
            }
        }
        return false;
    }

    private WorkerConnections worker(EventLoop loop) {
        for (WorkerConnections w : workers) {
            if (w.loop == loop) {
                return w;
            }
        }
        throw new IllegalStateException("a connection on a loop of nobody");
    }
}
