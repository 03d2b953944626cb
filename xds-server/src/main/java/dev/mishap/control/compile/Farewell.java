package dev.mishap.control.compile;

import dev.mishap.control.xds.ConnectedStream;
import dev.mishap.control.xds.Fleet;
import dev.mishap.control.xds.TypeStatus;
import dev.mishap.control.xds.TypeUrls;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits until clients have taken routes other than those that they have when this is made. */
final class Farewell implements Fleet.Listener, AutoCloseable {
    private final Fleet fleet;
    /** The version of the last routes that each was sent. */
    private final Map<ConnectedStream, String> waiting = new ConcurrentHashMap<>();

    private final CountDownLatch done;

    Farewell(Fleet fleet, Collection<ConnectedStream> streams) {
        this.fleet = fleet;
        for (ConnectedStream stream : streams) {
            stream.types().stream()
                    .filter(type -> type.typeUrl().equals(TypeUrls.ROUTE))
                    .forEach(type -> waiting.put(stream, type.sentVersion()));
        }
        done = new CountDownLatch(waiting.size());
        fleet.addListener(this);
    }

    @Override
    public void changed(ConnectedStream stream, TypeStatus status) {
        if (status.typeUrl().equals(TypeUrls.ROUTE)
                && status.state() != TypeStatus.State.SENT
                && !status.sentVersion().equals(waiting.getOrDefault(stream, status.sentVersion()))) {
            leave(stream);
        }
    }

    @Override
    public void disconnected(ConnectedStream stream) {
        leave(stream);
    }

    private void leave(ConnectedStream stream) {
        if (waiting.remove(stream) != null) {
            done.countDown();
        }
    }

    /** How many have not, after this time at most. */
    long await(Duration atMost) throws InterruptedException {
        return done.await(atMost.toNanos(), TimeUnit.NANOSECONDS) ? 0 : done.getCount();
    }

    @Override
    public void close() {
        fleet.removeListener(this);
    }
}
