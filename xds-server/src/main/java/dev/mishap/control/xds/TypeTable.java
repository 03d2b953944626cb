package dev.mishap.control.xds;

import dev.mishap.control.xds.ViewUpdate.Entry;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The resources of one type in one layer, under the layer's lock, with the names that changed last: a subscription remembers the revision
 * that it has seen and walks the names since. However slow its client is, it holds no changes of its own.
 */
final class TypeTable {
    /** A subscription that is further behind looks at all that it has. A power of two. */
    private static final int MAX_LOG = 1024;

    private static final int MIN_LOG = 8;

    private final Map<String, Entry> entries = new HashMap<>();
    private final WatcherIndex watchers = new WatcherIndex();
    private Map<String, String> aliases = Map.of();
    private String[] log = new String[MIN_LOG];
    private long revision;
    private boolean complete;
    private @Nullable String label;

    WatcherIndex watchers() {
        return watchers;
    }

    /** By name or alias. */
    @Nullable
    Entry get(String name) {
        Entry entry = entries.get(name);
        if (entry == null && !aliases.isEmpty()) {
            String target = aliases.get(name);
            return target == null ? null : entries.get(target);
        }
        return entry;
    }

    Set<String> names() {
        return entries.keySet();
    }

    Collection<Resource> resources() {
        return entries.values().stream()
                .map(Entry::resource)
                .filter(Objects::nonNull)
                .collect(Collectors.toCollection(java.util.ArrayList::new));
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    boolean complete() {
        return complete;
    }

    @Nullable
    String label() {
        return label;
    }

    void label(String value) {
        label = value;
    }

    long revision() {
        return revision;
    }

    /** Whether {@link #changed} can tell the names since a revision. */
    boolean remembers(long since) {
        return revision - since <= log.length;
    }

    /** The name whose change made the revision after this one. */
    String changedAfter(long revision) {
        return log[(int) revision & log.length - 1];
    }

    void complete(Collection<Watcher> concerned) {
        if (!complete) {
            complete = true;
            // No subscription can know the names that are absent from now on; all look at what they have.
            revision += MAX_LOG + 1L;
            watchers.collectAll(concerned);
        }
    }

    void set(String name, Entry entry, Collection<Watcher> concerned) {
        boolean gone = entry.equals(Entry.REMOVED);
        Entry before = gone ? entries.remove(name) : entries.put(name, entry);
        if (gone ? before == null : entry.equals(before)) {
            return;
        }
        concern(name, concerned);
        Resource old = before == null ? null : before.resource();
        if (old != null && !old.aliases().isEmpty()) {
            for (String alias : old.aliases()) {
                aliases.remove(alias, name);
                concern(alias, concerned);
            }
        }
        Resource now = entry.resource();
        if (now != null && !now.aliases().isEmpty()) {
            if (aliases.isEmpty()) {
                aliases = new HashMap<>();
            }
            for (String alias : now.aliases()) {
                aliases.put(alias, name);
                concern(alias, concerned);
            }
        }
        watchers.collect(DemandListener.ALL, concerned);
    }

    private void concern(String name, Collection<Watcher> concerned) {
        if (log.length < MAX_LOG && revision >= log.length) {
            grow();
        }
        log[(int) revision & log.length - 1] = name;
        revision++;
        watchers.collect(name, concerned);
    }

    private void grow() {
        String[] larger = new String[log.length * 2];
        Arrays.fill(larger, "");
        for (long r = revision - log.length; r < revision; r++) {
            larger[(int) r & larger.length - 1] = log[(int) r & log.length - 1];
        }
        log = larger;
    }
}
