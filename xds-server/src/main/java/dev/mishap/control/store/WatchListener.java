package dev.mishap.control.store;

import java.util.List;

/** Is told by a watch, one call after the other, in the order of the revisions. Calls come on a thread of the store and must be short. */
public interface WatchListener {
    /**
     * The events of one transaction on watched keys: all of them, together, each key once.
     *
     * @param revision greater than that of every call before
     */
    void onEvents(long revision, List<Event> events);

    /** Everything up to this revision was told. Comes now and then, and after catching up. */
    default void onProgress(long revision) {}

    /**
     * The watch has ended and won't go on: {@link StoreException.Compacted} when what it asks for is no longer kept (list
     * again, watch from there), {@link StoreException.Unavailable} when the store was closed. A connection that was lost is
     * no reason: the store comes back to it by itself.
     */
    void onEnd(StoreException reason);
}
