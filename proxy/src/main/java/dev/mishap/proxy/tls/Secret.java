package dev.mishap.proxy.tls;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A certificate, what peers are checked by, or ticket keys: what it is now, and who is to know when it changes. It has no value
 * until the server that it comes from has sent it. Changed on the main loop.
 */
final class Secret<T> {
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile @Nullable T value;

    Secret(@Nullable T value) {
        this.value = value;
    }

    @Nullable
    T get() {
        return value;
    }

    void set(@Nullable T next) {
        value = next;
        listeners.forEach(Runnable::run);
    }

    void onChange(Runnable listener) {
        listeners.add(listener);
    }
}
