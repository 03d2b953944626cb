package dev.mishap.proxy.xds;

import java.util.Set;

/** A subscriber's wish for resources of one type from one source. Confined to the main loop; {@link #close} ends it. */
public interface Subscription extends AutoCloseable {
    /** Begins. {@code names} is empty for all resources of a type that has a wildcard. */
    void start(Set<String> names);

    /** Changes the names that are wanted. */
    void names(Set<String> names);

    /** Whether the source says what changed, and not only how all is. */
    default boolean incremental() {
        return false;
    }

    @Override
    void close();
}
