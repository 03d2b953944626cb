package dev.mishap.rules;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Numbers a rule's requests, key by key, from 0; those without a key together. For many threads. */
final class Ordinals {
    private final AtomicLong keyless = new AtomicLong();
    private volatile @Nullable OrdinalTable table;

    long next(long keyHash) {
        return keyHash == KeyReader.ABSENT ? keyless.getAndIncrement() : table().next(keyHash);
    }

    /** The table is made with the first request that needs it: most rules of a large set see none. */
    private OrdinalTable table() {
        OrdinalTable t = table;
        if (t == null) {
            synchronized (this) {
                t = table;
                if (t == null) {
                    t = new OrdinalTable();
                    table = t;
                }
            }
        }
        return t;
    }
}
