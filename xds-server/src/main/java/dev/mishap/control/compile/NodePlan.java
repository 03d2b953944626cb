package dev.mishap.control.compile;

import dev.mishap.control.xds.Resource;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a node's rules come to.
 *
 * @param resources that go over those of the base
 * @param honouring of each rule by its key
 * @param slots which fault filter each rule has, by {@code listener-wide name of the filters/rule key}; given to the next plan
 * @param insertions listeners into which fault filters were put
 */
public record NodePlan(
        List<Resource> resources,
        Map<String, Honouring> honouring,
        Map<String, Integer> slots,
        Set<String> insertions) {
    public static final NodePlan NONE = new NodePlan(List.of(), Map.of(), Map.of(), Set.of());

    public NodePlan {
        resources = List.copyOf(resources);
        honouring = Map.copyOf(honouring);
        slots = Map.copyOf(slots);
        insertions = Set.copyOf(insertions);
    }
}
