package dev.mishap.control.xds;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A change of a {@link ResourceLayer}, made whole by one call: nobody sees half of it. Its cost is that of the names in it.
 *
 * <p>Not safe for use by several threads while it is being put together.
 */
public final class ViewUpdate {
    /** What a name is after the update; {@code resource} null: see {@code hidden}. */
    record Entry(@Nullable Resource resource, boolean hidden) {
        static final Entry REMOVED = new Entry(null, false);
        static final Entry HIDDEN = new Entry(null, true);
    }

    private final Map<String, Map<String, Entry>> entries = new LinkedHashMap<>();
    private final Map<String, String> labels = new LinkedHashMap<>();
    private final Set<String> complete = new LinkedHashSet<>();

    /** Adds the resource, or takes the place of the one with its type and name. */
    public ViewUpdate put(Resource resource) {
        return entry(resource.typeUrl(), resource.name(), new Entry(resource, false));
    }

    /** The layer says no more about this name: what a layer below has for it shows again. */
    public ViewUpdate remove(String typeUrl, String name) {
        return entry(typeUrl, name, Entry.REMOVED);
    }

    /** There is no such resource, whatever a layer below has; in a lazy layer the answer "does not exist" to its listener's question. */
    public ViewUpdate hide(String typeUrl, String name) {
        return entry(typeUrl, name, Entry.HIDDEN);
    }

    /** From now on a lazy layer knows all names of this type: what it does not have does not exist. */
    public ViewUpdate complete(String typeUrl) {
        complete.add(typeUrl);
        return this;
    }

    /**
     * The version to show for this type in the state of the world while no other layer of a view has resources of it; without one, and
     * otherwise, the version is a hash of what is served.
     */
    public ViewUpdate label(String typeUrl, String version) {
        labels.put(typeUrl, version);
        return this;
    }

    public boolean isEmpty() {
        return entries.isEmpty() && complete.isEmpty() && labels.isEmpty();
    }

    Map<String, Map<String, Entry>> entries() {
        return entries;
    }

    Set<String> complete() {
        return complete;
    }

    Map<String, String> labels() {
        return labels;
    }

    private ViewUpdate entry(String typeUrl, String name, Entry entry) {
        entries.computeIfAbsent(typeUrl, t -> new LinkedHashMap<>()).put(name, entry);
        return this;
    }
}
