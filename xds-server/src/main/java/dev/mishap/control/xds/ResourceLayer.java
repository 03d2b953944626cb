package dev.mishap.control.xds;

import dev.mishap.control.xds.ViewUpdate.Entry;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * Resources that change together and are shared by any number of views: a fleet's base configuration, the faults of a class of nodes, what
 * one node alone has. Safe for use by all threads; an update costs the names in it and their subscribers, whatever else is in the layer.
 */
public final class ResourceLayer {
    private final String name;
    private final @Nullable DemandListener demand;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final Map<String, TypeTable> tables = new HashMap<>();

    private ResourceLayer(String name, @Nullable DemandListener demand) {
        this.name = name;
        this.demand = demand;
    }

    /** A layer that knows all its resources: what it does not have, it says nothing about. */
    public static ResourceLayer named(String name) {
        return new ResourceLayer(name, null);
    }

    /**
     * A layer that learns its resources when someone asks. A name that it does not have yet is not answered at all, until it is put or
     * hidden; a wildcard not before {@link ViewUpdate#complete}.
     */
    public static ResourceLayer lazy(String name, DemandListener demand) {
        return new ResourceLayer(name, demand);
    }

    public String name() {
        return name;
    }

    /** Makes the change and wakes those whom it concerns. */
    public void update(ViewUpdate update) {
        Set<Watcher> concerned = Collections.newSetFromMap(new IdentityHashMap<>());
        lock.writeLock().lock();
        try {
            for (String type : update.complete()) {
                table(type).complete(concerned);
            }
            update.labels().forEach((type, label) -> table(type).label(label));
            for (Map.Entry<String, Map<String, Entry>> type : update.entries().entrySet()) {
                TypeTable table = table(type.getKey());
                type.getValue().forEach((resource, entry) -> table.set(resource, entry, concerned));
            }
        } finally {
            lock.writeLock().unlock();
        }
        concerned.forEach(Watcher::wake);
    }

    /** What this layer itself has of a type. */
    public Collection<Resource> resources(String typeUrl) {
        lock.readLock().lock();
        try {
            TypeTable table = tables.get(typeUrl);
            return table == null ? List.of() : table.resources();
        } finally {
            lock.readLock().unlock();
        }
    }

    public Optional<Resource> resource(String typeUrl, String name) {
        lock.readLock().lock();
        try {
            TypeTable table = tables.get(typeUrl);
            Entry entry = table == null ? null : table.get(name);
            return Optional.ofNullable(entry == null ? null : entry.resource());
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public String toString() {
        return name;
    }

    boolean lazy() {
        return demand != null;
    }

    Lock readLock() {
        return lock.readLock();
    }

    /** With the read lock held. */
    @Nullable
    TypeTable peek(String typeUrl) {
        return tables.get(typeUrl);
    }

    void watch(String typeUrl, String resource, Watcher watcher) {
        lock.writeLock().lock();
        try {
            if (table(typeUrl).watchers().add(resource, watcher) && demand != null) {
                demand.wanted(typeUrl, resource);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    void unwatch(String typeUrl, String resource, Watcher watcher) {
        lock.writeLock().lock();
        try {
            if (table(typeUrl).watchers().remove(resource, watcher) && demand != null) {
                demand.unwanted(typeUrl, resource);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private TypeTable table(String typeUrl) {
        return tables.computeIfAbsent(typeUrl, t -> new TypeTable());
    }
}
