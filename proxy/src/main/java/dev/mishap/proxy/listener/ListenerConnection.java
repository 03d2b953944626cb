package dev.mishap.proxy.listener;

import dev.mishap.proxy.filter.network.ConnectionGate;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A connection that has its filter chain, and its place among those of its worker. Confined to its loop. */
final class ListenerConnection implements ChannelFutureListener {
    final Channel channel;
    final FilterChain chain;
    final ConnectionInfo info;
    private final ListenerStats stats;
    private final WorkerConnections worker;
    private final AccessLog log;

    @Nullable
    ListenerConnection previous;

    @Nullable
    ListenerConnection next;

    private ListenerConnection(
            Channel channel,
            FilterChain chain,
            ConnectionInfo info,
            ListenerStats stats,
            WorkerConnections worker,
            AccessLog log) {
        this.channel = channel;
        this.chain = chain;
        this.info = info;
        this.stats = stats;
        this.worker = worker;
        this.log = log;
    }

    /** Starts the filters of {@code chain} on the end of the pipeline. */
    static void open(
            Channel channel,
            FilterChain chain,
            ConnectionInfo info,
            ListenerStats stats,
            WorkerConnections worker,
            ListenerConfig config,
            ConnectionGate gate) {
        TerminalFilterFactory terminal = chain.terminal();
        if (terminal == null) {
            channel.close();
            return;
        }
        ListenerConnection connection = new ListenerConnection(channel, chain, info, stats, worker, config.log());
        connection.opened();
        info.filterChainName = chain.name();
        info.listenerName = config.name();
        info.filterChainMetadata = chain.metadata();
        int bufferLimit = config.bufferLimit();
        if (gate.isIdle() && chain.gates().isEmpty()) {
            connection.startFilters(terminal, bufferLimit);
        } else {
            connection.enter(gate, -1, terminal, config.name(), bufferLimit);
        }
    }

    /** Lets the gates decide one after the other, this one first; the filters come when all have let the connection through. */
    private void enter(
            ConnectionGate gate, int index, TerminalFilterFactory terminal, String listener, int bufferLimit) {
        Runnable proceed = () -> {
            int after = index + 1;
            if (after == chain.gates().size()) {
                startFilters(terminal, bufferLimit);
            } else {
                enter(chain.gates().get(after), after, terminal, listener, bufferLimit);
            }
        };
        if (gate.isIdle()) {
            proceed.run();
        } else {
            gate.admit(channel, info, listener, terminal, proceed);
        }
    }

    private void startFilters(TerminalFilterFactory terminal, int bufferLimit) {
        Future<?> ready = chain.transportSocket().install(channel, info);
        if (ready != null && chain.transportSocketConnectTimeoutNanos() > 0) {
            limitConnect(ready);
        }
        if (chain.passing().isEmpty()) {
            terminal.install(channel, info);
        } else {
            PassingFilters.install(channel, info, chain, terminal, bufferLimit);
        }
    }

    private void opened() {
        stats.total.inc();
        stats.preActive.touch();
        stats.active.inc();
        stats.workerTotal[worker.index].inc();
        stats.workerActive[worker.index].inc();
        worker.add(this);
        channel.closeFuture().addListener(this);
    }

    /** The connection is closed. */
    @Override
    public void operationComplete(ChannelFuture closed) {
        stats.active.dec();
        stats.workerActive[worker.index].dec();
        stats.destroy.inc();
        stats.lengthMs.record((System.nanoTime() - info.acceptedNanos) / 1_000_000);
        worker.remove(this);
        if (log != AccessLog.NONE) {
            // After what else hears of the end: the filter that owns the connection completes what is logged.
            closed.channel().closeFuture().addListener(f -> ListenerLog.ended(log, info));
        }
    }

    private void limitConnect(Future<?> ready) {
        ScheduledFuture<?> timeout = channel.eventLoop()
                .schedule(
                        () -> {
                            stats.transportSocketConnectTimeout.inc();
                            info.terminationDetails = "transport socket timeout was reached";
                            info.localCloseReason = "transport socket timeout was reached";
                            channel.close();
                        },
                        chain.transportSocketConnectTimeoutNanos(),
                        TimeUnit.NANOSECONDS);
        ready.addListener(f -> timeout.cancel(false));
        channel.closeFuture().addListener(f -> timeout.cancel(false));
    }
}
