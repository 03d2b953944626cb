package dev.mishap.control.store;

import java.util.List;

/**
 * A part of a listing, in the order of the keys.
 *
 * @param revision at which the entries stood together; the next page is asked for at the same
 * @param more whether there are entries after the last one
 */
public record Page(long revision, List<Entry> entries, boolean more) {
    public Page {
        entries = List.copyOf(entries);
    }
}
