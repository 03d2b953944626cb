package dev.mishap.proxy.observe.als;

import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The loggers that configurations share when they say the same. Kept by those who write to them, not by this. */
final class SharedLoggers<T> {
    private final Map<String, WeakReference<T>> byConfiguration = new HashMap<>();

    /** The logger of a configuration, made unless one is in use. */
    synchronized T get(String configuration, Supplier<T> make) {
        WeakReference<T> known = byConfiguration.get(configuration);
        @Nullable T logger = known == null ? null : known.get();
        if (logger == null) {
            logger = make.get();
            byConfiguration.values().removeIf(each -> each.refersTo(null));
            byConfiguration.put(configuration, new WeakReference<>(logger));
        }
        return logger;
    }

    synchronized int size() {
        return byConfiguration.size();
    }
}
