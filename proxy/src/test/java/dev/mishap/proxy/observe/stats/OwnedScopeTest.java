package dev.mishap.proxy.observe.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class OwnedScopeTest {
    private final StatsStore store = new StatsStore();

    private List<String> names() {
        return store.counters().stream().map(Counter::name).toList();
    }

    @Test
    void statsGoWithTheirScopeAndTheScopesBelow() {
        OwnedScope scope = store.owned("cluster.[::1]:80.");
        scope.counter("a").inc();
        scope.gauge("b").set(1);
        scope.scope("c.").histogram("d", Histogram.Unit.MILLISECONDS).record(1);
        assertThat(names()).hasSize(1);
        scope.close();
        assertThat(names()).isEmpty();
        assertThat(store.gauges()).isEmpty();
        assertThat(store.histograms()).isEmpty();
    }

    @Test
    void oneThatReplacesAnotherCountsOn() {
        OwnedScope before = store.owned("cluster.a.");
        before.counter("x").add(2);
        OwnedScope after = store.owned("cluster.a.");
        after.counter("x").inc();
        before.close();
        before.close();
        assertThat(store.value("cluster.a.x")).isEqualTo(3);
        after.close();
        assertThat(names()).isEmpty();
        store.owned("cluster.a.").counter("x");
        assertThat(store.value("cluster.a.x")).as("a new one").isZero();
    }

    @Test
    void namesWithACommonPrefixStay() {
        OwnedScope a = store.owned("cluster.a.");
        OwnedScope longer = store.owned("cluster.a.b.");
        a.counter("b.own");
        a.counter("x");
        longer.counter("x");
        longer.close();
        assertThat(names()).containsExactly("cluster.a.b.own", "cluster.a.x");
    }

    @Test
    void whatOthersHaveStays() {
        OwnedScope scope = store.owned("");
        store.counter("first");
        scope.counter("first");
        scope.counter("later");
        store.scope("").counter("later");
        store.counter("later");
        scope.counter("own");
        OwnedScope below = scope.owned("rds.");
        below.counter("x");
        scope.close();
        assertThat(names()).containsExactly("first", "later", "rds.x");
        below.close();
        assertThat(names()).containsExactly("first", "later");
    }

    @Test
    void oneThatIsGoneCountsWhereNobodySees() {
        OwnedScope scope = store.owned("cluster.a.");
        Counter counter = scope.counter("x");
        scope.close();
        counter.inc();
        scope.counter("y").inc();
        scope.gauge("g").inc();
        scope.histogram("h", Histogram.Unit.MILLISECONDS).record(1);
        assertThat(names()).isEmpty();
        assertThat(store.gauges()).isEmpty();
        assertThat(store.histograms()).isEmpty();
    }
}
