package dev.mishap.proxy.transport;

import dev.mishap.proxy.config.schema.ConfigNode;
import java.nio.file.Path;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the transport sockets of a process share: the bootstrap's secrets, and what each kind of socket makes of them, once, when the
 * first is configured. Nothing of a kind that no configuration names is loaded.
 */
public final class TransportContext {
    private final List<ConfigNode> secrets;
    private final DirectoryWatch watch;
    private final Map<Class<?>, Object> shared = new IdentityHashMap<>();

    /**
     * A context.
     *
     * @param secrets {@code static_resources.secrets}
     * @param watch follows files
     */
    public TransportContext(List<ConfigNode> secrets, DirectoryWatch watch) {
        this.secrets = List.copyOf(secrets);
        this.watch = watch;
    }

    /** Tells of files that are moved into a directory. */
    @FunctionalInterface
    public interface DirectoryWatch {
        /**
         * @param moved runs on the main loop
         * @throws dev.mishap.proxy.config.schema.ConfigException when {@code directory} can't be watched
         */
        void watch(Path directory, Runnable moved);
    }

    /** {@code static_resources.secrets}. */
    public List<ConfigNode> secrets() {
        return secrets;
    }

    /** Has {@code moved} run on the main loop whenever a file is moved into {@code directory}. */
    public void watch(Path directory, Runnable moved) {
        watch.watch(directory, moved);
    }

    /** Gives the process's only {@code T}, before it is asked for. */
    public synchronized <T> void give(Class<T> type, T value) {
        shared.put(type, value);
    }

    /** The process's only {@code T}, made at the first call. */
    public synchronized <T> T shared(Class<T> type, Function<TransportContext, T> make) {
        Object known = shared.get(type);
        if (known == null) {
            known = make.apply(this);
            shared.put(type, known);
        }
        return type.cast(known);
    }

    /** The process's only {@code T}, if one was made. */
    public synchronized <T> @Nullable T ifMade(Class<T> type) {
        return type.cast(shared.get(type));
    }
}
