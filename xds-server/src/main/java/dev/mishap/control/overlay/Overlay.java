package dev.mishap.control.overlay;

import dev.mishap.control.base.Base;
import dev.mishap.control.base.BaseConfig;
import dev.mishap.control.xds.ConnectedStream;
import dev.mishap.control.xds.Fleet;
import dev.mishap.control.xds.NodeInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;

/** Each node's base is what another control plane has for it. */
public final class Overlay implements BaseConfig, Fleet.Listener {
    private final UpstreamServers servers;
    private final List<ScheduledThreadPoolExecutor> executors = new ArrayList<>();
    private final Map<NodeInfo, UpstreamBase> bases = new ConcurrentHashMap<>();

    /**
     * Makes one; connections are made when nodes come.
     *
     * @param targets {@code host:port} each, tried in turn
     * @param access how they are reached
     * @param threads that work on what comes from upstream; each node has one of them
     */
    public Overlay(List<String> targets, UpstreamAccess access, int threads) {
        servers = new UpstreamServers(targets, access);
        for (int i = 0; i < threads; i++) {
            int number = i;
            ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(
                    1,
                    task -> {
                        Thread thread = new Thread(task, "overlay-" + number);
                        thread.setDaemon(true);
                        return thread;
                    },
                    // After the end transports still tell of theirs.
                    new ThreadPoolExecutor.DiscardPolicy());
            executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
            executors.add(executor);
        }
    }

    @Override
    public Base of(NodeInfo node) {
        ScheduledExecutorService executor =
                executors.get(Math.floorMod(node.id().hashCode(), executors.size()));
        UpstreamBase base = UpstreamBase.of(node, servers, executor, closed -> bases.remove(node, closed));
        bases.put(node, base);
        return base;
    }

    /** Tells how the node's stream is, before it asks for anything. */
    @Override
    public void connected(ConnectedStream stream) {
        UpstreamBase base = bases.get(stream.node());
        if (base != null) {
            base.variant(stream.delta());
        }
    }

    @Override
    public boolean mayInsert() {
        return true;
    }

    @Override
    public String describe() {
        return "what " + servers + " has for each node";
    }

    @Override
    public void close() {
        executors.forEach(ScheduledThreadPoolExecutor::shutdown);
        servers.close();
    }
}
