package dev.mishap.proxy.rules;

import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.rules.Leases.LeaseRequest;
import dev.mishap.rules.FaultRule;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A store on a clock that stands still. */
public final class StoreFixture {
    public final MockTicker ticker = Ticker.newMockTicker();
    public final StatsStore stats = new StatsStore();
    private final EmbeddedChannel channel =
            EmbeddedChannel.builder().ticker(ticker).build();
    public final RuleStore store = new RuleStore(ticker, channel.eventLoop(), stats, () -> 42);

    /** Moves the clock, and runs what is due. */
    public void advanceMillis(long millis) {
        ticker.advance(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }

    /** Installs a rule under a lease of its own. */
    public void put(FaultRule rule) {
        store.putRule(rule, new LeaseRequest("lease-" + rule.name(), 5000));
    }

    /** Installs an observer of everything, of the given cohort. */
    public void observe(String name, dev.mishap.rules.Cohort cohort) {
        store.putObserver(
                new Observer.Definition(name, null, dev.mishap.rules.Scope.ANY, cohort),
                new LeaseRequest("lease-" + name, 5000));
    }

    /** What the observer counted of all requests. */
    public Map<String, Object> observed(String name) {
        return Objects.requireNonNull(store.observer(name)).observer().allJson();
    }

    public void delete(String name) {
        store.deleteRule(name, true);
    }
}
