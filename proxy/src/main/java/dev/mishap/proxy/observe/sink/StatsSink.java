package dev.mishap.proxy.observe.sink;

import dev.mishap.proxy.observe.stats.StatsSnapshot;

/** Takes the stats of each flush interval. Called on the main loop; never blocks. */
public interface StatsSink extends AutoCloseable {
    void flush(StatsSnapshot snapshot);

    @Override
    default void close() {}
}
