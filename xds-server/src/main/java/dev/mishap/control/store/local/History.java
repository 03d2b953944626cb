package dev.mishap.control.store.local;

import dev.mishap.control.store.Event;
import dev.mishap.control.store.StoreException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * The latest revisions with their events and states, for listings at a revision and for watches. Bounded by number and bytes. One
 * writer, many readers.
 */
final class History {
    private static final long EVENT_COST = 200;

    /** One revision. */
    record Moment(List<Event> events, State state, long cost) {}

    private final ConcurrentSkipListMap<Long, Moment> moments = new ConcurrentSkipListMap<>();
    private final int maxRevisions;
    private final long maxBytes;
    private long bytes;
    private int count;
    private volatile State newest;
    private volatile long compacted;

    /** @param start the oldest state that can be read; watches go on from there */
    History(State start, int maxRevisions, long maxBytes) {
        this.maxRevisions = maxRevisions;
        this.maxBytes = maxBytes;
        newest = start;
        compacted = start.revision() - 1;
        moments.put(start.revision(), new Moment(List.of(), start, 0));
    }

    State newest() {
        return newest;
    }

    long compacted() {
        return compacted;
    }

    /** A state without events keeps the revision: leases. */
    void publish(State state, List<Event> events) {
        if (!events.isEmpty()) {
            long cost = EVENT_COST * events.size();
            for (Event event : events) {
                cost += event.key().length();
                cost += event instanceof Event.Put put ? put.entry().value().length() : 0;
            }
            moments.put(state.revision(), new Moment(events, state, cost));
            bytes += cost;
            count++;
        }
        newest = state;
        while (count > maxRevisions || bytes > maxBytes && count > 1) {
            forgetBefore(moments.firstKey() + 1);
        }
    }

    /** Only on the writer. */
    void compact(long revision) {
        if (revision <= compacted) {
            throw new StoreException.Compacted(revision, compacted);
        }
        if (revision > newest.revision()) {
            throw new IllegalArgumentException(
                    "revision " + revision + " is yet to come; the newest is " + newest.revision());
        }
        forgetBefore(revision);
        compacted = revision;
    }

    private void forgetBefore(long revision) {
        // Said first: a reader that misses something then finds that it may have.
        compacted = Math.max(compacted, revision - 1);
        for (Map.Entry<Long, Moment> first = moments.firstEntry();
                first != null && first.getKey() < revision;
                first = moments.firstEntry()) {
            moments.remove(first.getKey());
            if (!first.getValue().events().isEmpty()) {
                count--;
                bytes -= first.getValue().cost();
            }
        }
    }

    /** The state as of a revision. */
    State at(long revision) {
        Moment moment = moments.get(revision);
        if (moment == null) {
            if (revision > newest.revision()) {
                throw new IllegalArgumentException(
                        "revision " + revision + " is yet to come; the newest is " + newest.revision());
            }
            throw new StoreException.Compacted(revision, compacted);
        }
        return moment.state();
    }

    /** What happened next after a revision; null = nothing yet. */
    @Nullable
    Moment after(long revision) {
        Moment next = moments.get(revision + 1);
        if (next == null && revision < newest.revision()) {
            throw new StoreException.Compacted(revision + 1, compacted);
        }
        return next;
    }
}
