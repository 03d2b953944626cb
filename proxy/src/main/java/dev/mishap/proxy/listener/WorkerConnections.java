package dev.mishap.proxy.listener;

import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The open connections of one listener on one worker; a list that costs nothing to join and to leave. Confined to the worker's loop. */
final class WorkerConnections {
    final EventLoop loop;
    final int index;
    private @Nullable ListenerConnection first;
    private volatile int size;

    WorkerConnections(EventLoop loop, int index) {
        this.loop = loop;
        this.index = index;
    }

    void add(ListenerConnection c) {
        assert loop.inEventLoop();
        ListenerConnection f = first;
        c.next = f;
        if (f != null) {
            f.previous = c;
        }
        first = c;
        resize(1);
    }

    void remove(ListenerConnection c) {
        assert loop.inEventLoop();
        ListenerConnection before = c.previous;
        ListenerConnection after = c.next;
        if (before == null) {
            first = after;
        } else {
            before.next = after;
        }
        if (after != null) {
            after.previous = before;
        }
        c.previous = c.next = null;
        resize(-1);
    }

    private void resize(int by) {
        int now = size; // one writer: the loop
        size = now + by;
    }

    /** How many there are; from any thread. */
    int size() {
        return size;
    }

    /** Does {@code action} for each connection, later, on the loop. */
    void forEach(Consumer<ListenerConnection> action) {
        if (loop.isShuttingDown()) {
            return;
        }
        loop.execute(() -> {
            List<ListenerConnection> all = new ArrayList<>(size);
            for (ListenerConnection c = first; c != null; c = c.next) {
                all.add(c);
            }
            all.forEach(action);
        });
    }
}
