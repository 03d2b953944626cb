package dev.mishap.control.compile;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Which rule has which of a listener's fault filters. Filters act in their order, as rules do in theirs; a rule that stays keeps its filter
 * as long as the order allows it, since two filters do not change at the same moment.
 */
final class SlotAssignment {
    private SlotAssignment() {}

    /**
     * Assigns.
     *
     * @param rules in the order in which they act, at most {@code slots}
     * @param before where rules were; of those that are gone, too
     * @return the slot of each rule, ascending
     */
    static List<Integer> assign(List<String> rules, int slots, Map<String, Integer> before) {
        List<Integer> kept = new ArrayList<>();
        int last = -1;
        for (int i = 0; i < rules.size(); i++) {
            int was = before.getOrDefault(rules.get(i), -1);
            boolean fits = was >= 0 && was < slots && was > last && hasRoom(kept, was, last);
            kept.add(fits ? was : -1);
            last = fits ? was : last;
        }
        return fill(kept, slots);
    }

    /** Whether the rules since the last that keeps its slot fit before this one. */
    private static boolean hasRoom(List<Integer> kept, int slot, int last) {
        int waiting = 0;
        for (int i = kept.size() - 1; i >= 0 && kept.get(i) < 0; i--) {
            waiting++;
        }
        return slot - last - 1 >= waiting;
    }

    /** Gives the others what is free after their predecessors; when that ends beyond the last slot, all move to the front. */
    private static List<Integer> fill(List<Integer> kept, int slots) {
        List<Integer> chosen = new ArrayList<>();
        int next = 0;
        for (int slot : kept) {
            next = Math.max(slot, next);
            chosen.add(next++);
        }
        return next > slots ? IntStream.range(0, kept.size()).boxed().toList() : chosen;
    }
}
