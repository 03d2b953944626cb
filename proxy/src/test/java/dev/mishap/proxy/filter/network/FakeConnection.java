package dev.mishap.proxy.filter.network;

import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.channel.Channel;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A connection for the test of one network filter, and the context of its configuration; what the filter does is recorded. */
public final class FakeConnection implements NetworkFilter.Connection, NetworkFilterContext {
    /** One entry a call, for example {@code resume}, {@code closeNow reason}. */
    public final List<String> events = new ArrayList<>();

    public final StatsStore stats = new StatsStore();
    public final Map<Class<?>, Object> services = new HashMap<>();
    public final Map<String, Boolean> runtimeFlags = new HashMap<>();

    private final MockTicker ticker = Ticker.newMockTicker();
    private final EmbeddedChannel channel =
            EmbeddedChannel.builder().ticker(ticker).build();
    private final ConnectionInfo info = new ConnectionInfo();

    /** Moves the clock and runs what is due by then. */
    public void advanceMillis(long millis) {
        ticker.advance(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
    }

    @Override
    public Channel channel() {
        return channel;
    }

    @Override
    public ConnectionInfo info() {
        return info;
    }

    @Override
    public void resume() {
        events.add("resume");
    }

    @Override
    public void close(String reason) {
        events.add("close " + reason);
    }

    @Override
    public void closeNow(String reason) {
        events.add("closeNow " + reason);
    }

    @Override
    public String nodeId() {
        return "";
    }

    @Override
    public String nodeCluster() {
        return "";
    }

    @Override
    public Scope root() {
        return stats.scope("");
    }

    @Override
    public Scope listenerScope() {
        return stats.scope("listener.test.");
    }

    @Override
    public String listenerName() {
        return "test";
    }

    @Override
    public int bufferLimit() {
        return 1 << 20;
    }

    @Override
    public Supplier<RuntimeSnapshot> runtime() {
        RuntimeSnapshot snapshot = new RuntimeSnapshot() {
            @Override
            public long integer(String key, long defaultValue) {
                return defaultValue;
            }

            @Override
            public boolean bool(String key, boolean defaultValue) {
                return runtimeFlags.getOrDefault(key, defaultValue);
            }

            @Override
            public double number(String key, double defaultValue) {
                return defaultValue;
            }

            @Override
            public long partsPerMillion(String key, long defaultPartsPerMillion) {
                return defaultPartsPerMillion;
            }
        };
        return () -> snapshot;
    }

    @Override
    public long randomSeed() {
        return 1;
    }

    @Override
    public <T> T service(Class<T> type) {
        return type.cast(services.get(type));
    }
}
