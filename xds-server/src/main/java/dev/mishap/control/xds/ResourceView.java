package dev.mishap.control.xds;

import dev.mishap.control.xds.ViewUpdate.Entry;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a class of nodes gets: layers, of which the later ones go over the earlier ones, name by name. A view is no more than the list of
 * its layers; views of the same layers are equal, and a node that moves to an equal one notices nothing.
 */
public final class ResourceView {
    /** What a view knows of a name. */
    enum Knowledge {
        PRESENT,
        ABSENT,
        /** A lazy layer has not answered yet. */
        UNKNOWN
    }

    /** Found in a view. */
    record Found(Knowledge knowledge, @Nullable Resource resource) {
        static final Found ABSENT = new Found(Knowledge.ABSENT, null);
        static final Found UNKNOWN = new Found(Knowledge.UNKNOWN, null);
    }

    private final ResourceLayer[] layers;

    private ResourceView(ResourceLayer[] layers) {
        this.layers = layers;
    }

    /** From the lowest, which is the base, to the one that goes over all others. */
    public static ResourceView of(ResourceLayer... baseFirst) {
        return new ResourceView(baseFirst.clone());
    }

    public static ResourceView of(List<ResourceLayer> baseFirst) {
        return new ResourceView(baseFirst.toArray(ResourceLayer[]::new));
    }

    /** This one with a layer over it. */
    public ResourceView with(ResourceLayer over) {
        ResourceLayer[] more = Arrays.copyOf(layers, layers.length + 1);
        more[layers.length] = over;
        return new ResourceView(more);
    }

    public List<ResourceLayer> layers() {
        return List.of(layers);
    }

    /** The resource that a node with this view gets under a name. */
    public @Nullable Resource resource(String typeUrl, String name) {
        return read(() -> find(typeUrl, name).resource());
    }

    /** Runs with no update of a layer under way, so that what it sees fits together. No I/O in it. */
    <T> T read(Supplier<T> reader) {
        for (ResourceLayer layer : layers) {
            layer.readLock().lock();
        }
        try {
            return reader.get();
        } finally {
            for (ResourceLayer layer : layers) {
                layer.readLock().unlock();
            }
        }
    }

    int size() {
        return layers.length;
    }

    ResourceLayer layer(int index) {
        return layers[index];
    }

    /** Within {@link #read}. */
    Found find(String typeUrl, String name) {
        return find(typeUrl, name, false);
    }

    /** Within {@link #read}: the topmost that has no time to live. */
    Found findLasting(String typeUrl, String name) {
        return find(typeUrl, name, true);
    }

    private Found find(String typeUrl, String name, boolean lasting) {
        boolean unknown = false;
        for (int i = layers.length - 1; i >= 0; i--) {
            TypeTable table = layers[i].peek(typeUrl);
            Entry entry = table == null ? null : table.get(name);
            if (entry != null
                    && !(lasting && entry.resource() != null && entry.resource().ttl() != null)) {
                return entry.resource() == null ? Found.ABSENT : new Found(Knowledge.PRESENT, entry.resource());
            }
            unknown |= layers[i].lazy() && (table == null || !table.complete());
        }
        return unknown ? Found.UNKNOWN : Found.ABSENT;
    }

    /** Within {@link #read}: whether all names of a type are known, which a wildcard's answer needs. */
    boolean complete(String typeUrl) {
        for (ResourceLayer layer : layers) {
            if (layer.lazy()) {
                TypeTable table = layer.peek(typeUrl);
                if (table == null || !table.complete()) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Within {@link #read}: every name that a layer says something about. */
    Set<String> names(String typeUrl) {
        Set<String> names = new HashSet<>();
        for (ResourceLayer layer : layers) {
            TypeTable table = layer.peek(typeUrl);
            if (table != null) {
                names.addAll(table.names());
            }
        }
        return names;
    }

    /** Within {@link #read}: see {@link ViewUpdate#label}. */
    @Nullable
    String label(String typeUrl) {
        String label = null;
        int speaking = 0;
        for (ResourceLayer layer : layers) {
            TypeTable table = layer.peek(typeUrl);
            if (table != null && (!table.isEmpty() || table.label() != null)) {
                speaking++;
                label = table.label();
            }
        }
        return speaking == 1 ? label : null;
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof ResourceView v && Arrays.equals(layers, v.layers);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(layers);
    }

    @Override
    public String toString() {
        return Arrays.toString(layers);
    }
}
