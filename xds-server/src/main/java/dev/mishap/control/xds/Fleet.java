package dev.mishap.control.xds;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Who is connected. */
public final class Fleet {
    /** Told on a thread of the server: it must be quick. */
    public interface Listener {
        default void connected(ConnectedStream stream) {}

        default void disconnected(ConnectedStream stream) {}

        /** A response was sent, taken or refused. */
        default void changed(ConnectedStream stream, TypeStatus status) {}
    }

    private final Set<ConnectedStream> streams = ConcurrentHashMap.newKeySet();
    private final Map<String, Set<ConnectedStream>> byNode = new ConcurrentHashMap<>();
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    Fleet() {}

    public void addListener(Listener listener) {
        listeners.add(listener);
    }

    public void removeListener(Listener listener) {
        listeners.remove(listener);
    }

    /** All streams, as they are at some moment during the iteration. */
    public Collection<ConnectedStream> streams() {
        return java.util.Collections.unmodifiableSet(streams);
    }

    /** The streams of the nodes with this id: one per resource where a proxy does not aggregate. */
    public Collection<ConnectedStream> streams(String nodeId) {
        return java.util.Collections.unmodifiableSet(byNode.getOrDefault(nodeId, Set.of()));
    }

    public Set<String> nodeIds() {
        return java.util.Collections.unmodifiableSet(byNode.keySet());
    }

    public int size() {
        return streams.size();
    }

    /** Whether there was room for it. */
    boolean add(ConnectedStream stream, int perNode) {
        boolean[] room = {true};
        byNode.compute(stream.node().id(), (id, some) -> {
            Set<ConnectedStream> all = some == null ? ConcurrentHashMap.newKeySet(1) : some;
            room[0] = all.size() < perNode;
            if (room[0]) {
                all.add(stream);
            }
            return all;
        });
        if (!room[0]) {
            return false;
        }
        streams.add(stream);
        listeners.forEach(l -> l.connected(stream));
        return true;
    }

    void remove(ConnectedStream stream) {
        if (!streams.remove(stream)) {
            return;
        }
        byNode.computeIfPresent(stream.node().id(), (id, all) -> {
            all.remove(stream);
            return all.isEmpty() ? null : all;
        });
        listeners.forEach(l -> l.disconnected(stream));
    }

    void changed(ConnectedStream stream, TypeStatus status) {
        if (!listeners.isEmpty()) {
            listeners.forEach(l -> l.changed(stream, status));
        }
    }
}
