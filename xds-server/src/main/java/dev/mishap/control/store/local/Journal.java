package dev.mishap.control.store.local;

import java.io.IOException;
import java.util.List;

/** Makes changes last. Called by the store's writer only. */
interface Journal extends AutoCloseable {
    /**
     * Writes these, all or none, and returns when they are durable.
     *
     * @param after the state that they lead to, for a journal that begins anew with a snapshot
     * @throws IOException nothing was written; a later call may succeed (no space)
     * @throws java.io.UncheckedIOException nobody knows what was written: the store must not go on
     */
    void append(List<Change> changes, State after) throws IOException;

    @Override
    void close() throws IOException;

    /** For a store that lives as long as its process. */
    Journal NONE = new Journal() {
        @Override
        public void append(List<Change> changes, State after) {}

        @Override
        public void close() {}
    };
}
