package dev.mishap.proxy.xds.grpc;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One subscriber of a multiplexer: what it wants, its stats and its patience. */
final class Watch implements Subscription {
    private static final Logger LOG = LoggerFactory.getLogger("config");

    private final XdsMux mux;
    private final ResourceType type;
    private final SubscriptionStats stats;
    private final ResourceWatcher watcher;
    private final long initialFetchNanos;
    private final boolean ownsMux;
    private Set<String> names = Set.of();
    private XdsTimers.@Nullable Timer patience;
    private boolean started;
    private boolean closed;

    /**
     * @param initialFetchNanos {@code initial_fetch_timeout}; 0 = for ever
     * @param ownsMux whether the multiplexer is this watch's alone and ends with it
     */
    Watch(
            XdsMux mux,
            ResourceType type,
            SubscriptionStats stats,
            ResourceWatcher watcher,
            long initialFetchNanos,
            boolean ownsMux) {
        this.mux = mux;
        this.type = type;
        this.stats = stats;
        this.watcher = watcher;
        this.initialFetchNanos = initialFetchNanos;
        this.ownsMux = ownsMux;
    }

    ResourceType type() {
        return type;
    }

    Set<String> names() {
        return names;
    }

    /** Whether all resources of the type are wanted. */
    boolean wildcard() {
        return type.wildcard() && names.isEmpty();
    }

    /** Whether the server is asked for all resources of the type. */
    boolean asksForAll() {
        return wildcard() || type == ResourceType.VIRTUAL_HOST;
    }

    /** Adds the names that the server is to be told. */
    void addNamesToAsk(Set<String> to) {
        for (String name : names) {
            // The name of a route table is none to ask for: it stands for all of its virtual hosts.
            if (type != ResourceType.VIRTUAL_HOST || names.contains(table(name))) {
                to.add(name);
            }
        }
    }

    boolean wants(String name) {
        return type == ResourceType.VIRTUAL_HOST ? names.contains(table(name)) : wildcard() || names.contains(name);
    }

    /** Of a virtual host's name, which is that of its route table, a slash and its own. */
    static String table(String name) {
        return name.substring(0, Math.max(0, name.lastIndexOf('/')));
    }

    @Override
    public void start(Set<String> wanted) {
        if (started || closed) {
            return;
        }
        started = true;
        names = Set.copyOf(wanted);
        if (initialFetchNanos > 0) {
            patience = mux.timers().schedule(this::impatient, initialFetchNanos);
        }
        stats.attempt();
        mux.add(this);
        if (ownsMux) {
            mux.start();
        }
    }

    private void impatient() {
        LOG.warn("gRPC config: initial fetch timed out for {}", type.typeUrl());
        patience = null;
        stats.initFetchTimedOut();
        stats.attempt();
        watcher.onFailure();
    }

    private void answered() {
        XdsTimers.Timer p = patience;
        patience = null;
        if (p != null) {
            p.cancel();
        }
    }

    @Override
    public void names(Set<String> wanted) {
        if (!wanted.equals(names)) {
            Set<String> more = new HashSet<>(wanted);
            more.removeAll(names);
            names = Set.copyOf(wanted);
            if (started) {
                stats.attempt();
                mux.changed(this, more);
            }
        }
    }

    @Override
    public boolean incremental() {
        return mux.isDelta();
    }

    @Override
    public void close() {
        closed = true;
        answered();
        mux.remove(this);
        if (ownsMux) {
            mux.close();
        }
    }

    /** All resources, or what changed when {@code removed} is given; null when they were accepted, else why not. */
    @Nullable
    String deliver(List<Resource> resources, @Nullable List<String> removed, String version) {
        if (closed) {
            return null;
        }
        answered();
        stats.attempt();
        long began = System.nanoTime();
        try {
            if (removed == null) {
                watcher.onUpdate(resources, version);
            } else {
                watcher.onDelta(resources, removed, version);
            }
        } catch (ConfigException e) {
            refused(e.getMessage());
            return e.getMessage();
        } catch (RuntimeException e) {
            // A defect of ours that a resource brings to light must cost that update only, not the stream.
            LOG.error("unexpected error in an update of {}", type.typeUrl(), e);
            refused(e.toString());
            return e.toString();
        }
        stats.accepted(version, System.nanoTime() - began);
        return null;
    }

    /** The server has said what it has of those names. */
    void answered(List<String> names) {
        if (!closed) {
            watcher.onAnswered(names);
        }
    }

    /** A response was refused before its resources were known. */
    void reject(String why) {
        if (!closed) {
            answered();
            stats.attempt();
            refused(why);
        }
    }

    private void refused(String why) {
        LOG.warn("gRPC config for {} rejected: {}", type.typeUrl(), why);
        stats.rejected();
        watcher.onRefused(why);
    }

    /** The stream broke; another will be tried. */
    void disconnected() {
        stats.failed();
        stats.attempt();
    }
}
