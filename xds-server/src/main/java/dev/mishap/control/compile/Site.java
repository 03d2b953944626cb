package dev.mishap.control.compile;

import dev.mishap.control.base.FaultFilters;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Connection managers whose fault filters are configured together, as those of one listener's filter chains are.
 *
 * @param filters the names of the filters whose configuration is discovered, in their order; none = faults can only be put into routes
 * @param inserted whether the filters are ours, put into a listener that had none
 */
record Site(List<String> listeners, List<String> filters, List<ListenerShape.Manager> managers, boolean inserted) {
    /**
     * All sites of a base.
     *
     * @param count of filters that a listener gets
     * @param insertions listeners that have filters of ours; those that get some now are added
     * @param needsFilters whether a listener without a place for a fault needs one
     */
    static List<Site> all(BaseShape base, int count, Set<String> insertions, Predicate<ListenerShape> needsFilters) {
        Map<String, Site> sites = new LinkedHashMap<>();
        for (ListenerShape listener : base.listeners()) {
            if (listener.api()) {
                continue;
            }
            boolean lacking = listener.managers().stream()
                    .anyMatch(m -> m.slots(ListenerShape.Accepts.HTTP_FAULT).isEmpty());
            if (lacking && needsFilters.test(listener)) {
                insertions.add(listener.name());
            }
            boolean inserted = insertions.contains(listener.name());
            for (ListenerShape.Manager manager : listener.managers()) {
                List<String> filters = inserted
                        ? FaultFilters.names(listener.name(), count)
                        : manager.slots(ListenerShape.Accepts.HTTP_FAULT).stream()
                                .map(ListenerShape.Slot::name)
                                .toList();
                String key = filters.isEmpty() ? listener.name() + '\n' + manager.routeName() : filters.toString();
                Site site = sites.computeIfAbsent(
                        key, k -> new Site(new ArrayList<>(), filters, new ArrayList<>(), inserted));
                if (!site.listeners().contains(listener.name())) {
                    site.listeners().add(listener.name());
                }
                site.managers().add(manager);
            }
        }
        return List.copyOf(sites.values());
    }

    @Override
    public String toString() {
        return (listeners.size() == 1 ? "listener " : "listeners ") + String.join(", ", listeners);
    }
}
