package dev.mishap.control.xds;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The resources of one type that a client has, to the best of our knowledge; one without a body: only that it has that version. Lives on the
 * stream's worker.
 */
final class ClientResources {
    private final Map<String, Resource> all = new HashMap<>(2);
    /** Those that have a time to live. */
    private final Set<String> mortal = new HashSet<>(0);

    private long fingerprint;

    @Nullable
    Resource get(String name) {
        return all.get(name);
    }

    boolean has(String name) {
        return all.containsKey(name);
    }

    /** A copy of the names. */
    List<String> names() {
        return new ArrayList<>(all.keySet());
    }

    Collection<Resource> values() {
        return all.values();
    }

    int size() {
        return all.size();
    }

    /** It has said at its first request that it has this. */
    void claimed(Resource known) {
        all.put(known.name(), known);
        fingerprint += known.fingerprint();
    }

    /** It gets this. */
    void put(Resource resource) {
        Resource before = all.put(resource.name(), resource);
        fingerprint += resource.fingerprint() - (before == null ? 0 : before.fingerprint());
        if (resource.ttl() == null) {
            mortal.remove(resource.name());
        } else {
            mortal.add(resource.name());
        }
    }

    /** It has it no longer, or need not be thought to; whether it had it. */
    boolean remove(String name) {
        mortal.remove(name);
        Resource had = all.remove(name);
        if (had == null) {
            return false;
        }
        fingerprint -= had.fingerprint();
        return true;
    }

    /** The same for the same resources in the same versions, in whatever order they came. */
    String fingerprint() {
        return Long.toHexString(fingerprint);
    }

    /** The names of those that have a time to live. */
    Set<String> mortal() {
        return mortal;
    }

    /** The shortest time to live, in nanoseconds; {@link Long#MAX_VALUE} when none has one. */
    long shortestTtl() {
        long shortest = Long.MAX_VALUE;
        for (String name : mortal) {
            Duration ttl = Objects.requireNonNull(all.get(name)).ttl();
            shortest = Math.min(shortest, Objects.requireNonNull(ttl).toNanos());
        }
        return shortest;
    }
}
