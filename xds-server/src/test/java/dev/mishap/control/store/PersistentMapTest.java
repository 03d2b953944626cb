package dev.mishap.control.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PersistentMapTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void isLikeTreeMapAndOldOnesStay(long seed) {
        Random random = new Random(seed);
        TreeMap<Integer, Integer> model = new TreeMap<>();
        PersistentMap<Integer, Integer> map = PersistentMap.empty();
        TreeMap<Integer, Integer> oldModel = new TreeMap<>();
        PersistentMap<Integer, Integer> old = map;
        for (int i = 0; i < 5_000; i++) {
            int key = random.nextInt(300);
            if (random.nextInt(3) == 0) {
                model.remove(key);
                map = map.without(key);
            } else {
                model.put(key, i);
                map = map.with(key, i);
            }
            if (i == 2_500) {
                old = map;
                oldModel = new TreeMap<>(model);
            }
            int asked = random.nextInt(300);
            assertThat(map.get(asked)).isEqualTo(model.get(asked));
            assertThat(map.size()).isEqualTo(model.size());
        }
        assertThat(keys(map, null)).isEqualTo(new ArrayList<>(model.keySet()));
        assertThat(keys(map, 150)).isEqualTo(new ArrayList<>(model.tailMap(150).keySet()));
        assertThat(keys(old, null)).isEqualTo(new ArrayList<>(oldModel.keySet()));
    }

    @org.junit.jupiter.api.Test
    void staysShallow() {
        PersistentMap<Integer, Integer> map = PersistentMap.empty();
        for (int i = 0; i < 100_000; i++) {
            map = map.with(i, i);
        }
        for (int i = 0; i < 50_000; i++) {
            map = map.without(i);
        }
        // 1.44 log2(n) is the limit of AVL trees.
        assertThat(map.height()).isLessThanOrEqualTo(23);
    }

    private static List<Integer> keys(PersistentMap<Integer, Integer> map, Integer from) {
        List<Integer> keys = new ArrayList<>();
        map.forEachFrom(from, (key, value) -> keys.add(key));
        return keys;
    }
}
