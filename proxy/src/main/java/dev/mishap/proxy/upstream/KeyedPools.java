package dev.mishap.proxy.upstream;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The pools of one endpoint that are each for some requests only. Confined to its loop. */
final class KeyedPools {
    /** As many keys are kept, used or not. */
    private static final int FEW = 256;

    private final Map<PoolKey, @Nullable ConnectionPool[]> all = new HashMap<>();
    private int sweepAt = FEW;

    @Nullable
    ConnectionPool @Nullable [] get(PoolKey key) {
        return all.get(key);
    }

    /** Keys come from clients: those that are not asked for any more make room for new ones. */
    void put(PoolKey key, @Nullable ConnectionPool[] pools) {
        if (all.size() >= sweepAt) {
            all.values().removeIf(KeyedPools::unused);
            sweepAt = Math.max(FEW, 2 * all.size()); // so that many in use are not looked at for each new one
        }
        all.put(key, pools);
    }

    private static boolean unused(@Nullable ConnectionPool[] pools) {
        for (ConnectionPool pool : pools) {
            if (pool != null && !pool.isEmpty()) {
                return false;
            }
        }
        return true;
    }

    void forEach(Consumer<@Nullable ConnectionPool[]> action) {
        all.values().forEach(action);
    }
}
