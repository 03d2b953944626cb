package dev.mishap.control.compile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Connection managers whose fault filters are configured together, as those of one listener's filter chains are.
 *
 * @param filters the names of the filters whose configuration is discovered, in their order; none = faults can only be put into routes
 * @param routeFilters those of them that are off except for routes that switch them on; none = a fault of routes stands in the routes
 * @param inserted whether the filters are ours, put into a listener that had none
 */
record Site(
        List<String> listeners,
        List<String> filters,
        List<String> routeFilters,
        List<ListenerShape.Manager> managers,
        boolean inserted) {
    /**
     * All sites of a base.
     *
     * @param filters the names of what a listener gets
     * @param routeFilters likewise
     * @param insertions listeners that have filters of ours; those that get some now are added
     * @param needsFilters whether a listener without a place for a fault needs one
     */
    static List<Site> all(
            BaseShape base,
            Function<String, List<String>> filters,
            Function<String, List<String>> routeFilters,
            Set<String> insertions,
            Predicate<ListenerShape> needsFilters) {
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
                List<String> own = inserted
                        ? filters.apply(listener.name())
                        : names(manager.slots(ListenerShape.Accepts.HTTP_FAULT));
                List<String> ofRoutes = inserted ? routeFilters.apply(listener.name()) : names(manager.routeSlots());
                String key = own.isEmpty() ? listener.name() + '\n' + manager.routeName() : own.toString();
                Site site = sites.computeIfAbsent(
                        key, k -> new Site(new ArrayList<>(), own, ofRoutes, new ArrayList<>(), inserted));
                if (!site.listeners().contains(listener.name())) {
                    site.listeners().add(listener.name());
                }
                site.managers().add(manager);
            }
        }
        return List.copyOf(sites.values());
    }

    private static List<String> names(List<ListenerShape.Slot> slots) {
        return slots.stream().map(ListenerShape.Slot::name).toList();
    }

    @Override
    public String toString() {
        return (listeners.size() == 1 ? "listener " : "listeners ") + String.join(", ", listeners);
    }
}
