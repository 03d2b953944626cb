package dev.mishap.proxy.cluster;

import java.util.ArrayList;
import java.util.List;

/** The endpoints of a cluster at one moment, by priority. Immutable. */
public final class EndpointSet {
    public static final EndpointSet EMPTY = new EndpointSet(List.of());

    private final List<Endpoint> all;
    private final List<Level> levels;

    /**
     * Endpoints of one priority.
     *
     * @param all every endpoint
     * @param healthy those that may be picked outside of panic
     */
    public record Level(List<Endpoint> all, List<Endpoint> healthy) {
        public Level {
            all = List.copyOf(all);
            healthy = List.copyOf(healthy);
        }
    }

    public EndpointSet(List<Endpoint> endpoints) {
        all = List.copyOf(endpoints);
        List<Level> byPriority = new ArrayList<>();
        int highest = all.stream().mapToInt(Endpoint::priority).max().orElse(-1);
        for (int p = 0; p <= highest; p++) {
            int priority = p;
            List<Endpoint> of =
                    all.stream().filter(e -> e.priority() == priority).toList();
            byPriority.add(new Level(of, of.stream().filter(Endpoint::healthy).toList()));
        }
        levels = List.copyOf(byPriority);
    }

    public List<Endpoint> all() {
        return all;
    }

    /** Index = priority; levels without endpoints are there, too. */
    public List<Level> levels() {
        return levels;
    }

    public long healthyCount() {
        return all.stream().filter(Endpoint::healthy).count();
    }
}
