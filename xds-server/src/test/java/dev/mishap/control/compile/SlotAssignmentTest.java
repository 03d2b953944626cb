package dev.mishap.control.compile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SlotAssignmentTest {
    @Test
    void aRuleThatStaysKeepsItsSlot() {
        assertThat(SlotAssignment.assign(List.of("b", "c"), 4, Map.of("a", 0, "b", 1, "c", 2)))
                .containsExactly(1, 2);
        assertThat(SlotAssignment.assign(List.of("b", "c", "d"), 4, Map.of("b", 1, "c", 2)))
                .containsExactly(1, 2, 3);
        assertThat(SlotAssignment.assign(List.of("a", "b"), 4, Map.of("b", 1))).containsExactly(0, 1);
    }

    @Test
    void theOrderGoesBeforeStaying() {
        assertThat(SlotAssignment.assign(List.of("a", "b"), 4, Map.of("b", 0))).containsExactly(0, 1);
        assertThat(SlotAssignment.assign(List.of("a", "b", "c"), 3, Map.of("a", 2)))
                .containsExactly(0, 1, 2);
    }

    @Test
    void slotsAreDistinctAscendingAndInRangeWhateverWasBefore() {
        Random random = new Random(7);
        for (int round = 0; round < 20_000; round++) {
            int slots = 1 + random.nextInt(5);
            Map<String, Integer> before = new HashMap<>();
            List<String> rules = new ArrayList<>();
            for (int i = random.nextInt(slots + 1); i > 0; i--) {
                rules.add("r" + i);
                if (random.nextBoolean()) {
                    before.put("r" + i, random.nextInt(6));
                }
            }
            List<Integer> assigned = SlotAssignment.assign(rules, slots, before);
            assertThat(assigned).as("%s of %d, before %s", rules, slots, before).hasSameSizeAs(rules);
            for (int i = 0; i < assigned.size(); i++) {
                assertThat(assigned.get(i)).isBetween(i == 0 ? 0 : assigned.get(i - 1) + 1, slots - 1);
            }
        }
    }
}
