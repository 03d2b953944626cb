package dev.mishap.proxy.filter.http;

import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.function.Supplier;

/** What a filter's configuration may reach when it is parsed. Lives as long as the listener that the filter belongs to. */
public interface FilterContext {
    /** Stats of the connection manager: {@code http.<stat_prefix>.}. */
    Scope scope();

    /**
     * The same context for a filter on the way upstream whose stats Envoy names without a dot after what they belong to when that is
     * a connection manager: {@code http.<stat_prefix>}.
     */
    default FilterContext withoutDot() {
        return this;
    }

    /** The listener's name. */
    default String listenerName() {
        return "";
    }

    /** The runtime values of now; a stream pins its own ({@code HttpStream.runtime}). */
    Supplier<RuntimeSnapshot> runtime();

    /** {@code node.id}, {@code ""} when not given. */
    String nodeId();

    /** {@code node.cluster}, {@code ""} when not given. */
    String nodeCluster();

    /** Where draws start; fixed when the process was told to be repeatable. */
    long randomSeed();

    /**
     * A service of the process, by its class: the cluster manager, the store of API rules and the like. The assembly registers
     * them before the first filter is parsed.
     *
     * @throws IllegalStateException when the process has none, which is a bug of the assembly
     */
    <T> T service(Class<T> type);
}
