package dev.mishap.proxy.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.rules.Leases.LeaseRequest;
import dev.mishap.rules.Cohort;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Limits;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.RequestView;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Tag;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.schedule.Schedule;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RuleStoreTest {
    private final StoreFixture fixture = new StoreFixture();
    private final RuleStore store = fixture.store;

    private static FaultRule rule(String name, @Nullable String experiment, @Nullable Duration ttl, int status) {
        return new FaultRule(
                name,
                Map.of(),
                experiment,
                0,
                Scope.ANY,
                Percentage.FULL,
                Abort.http(status),
                Limits.NONE,
                Schedule.ALWAYS,
                ttl,
                null,
                Tag.NONE);
    }

    private void touchOnce() {
        RequestView any = new RequestView() {
            @Override
            public @Nullable String listener() {
                return null;
            }

            @Override
            public @Nullable String cluster() {
                return null;
            }

            @Override
            public @Nullable String route() {
                return null;
            }

            @Override
            public String method() {
                return "GET";
            }

            @Override
            public String path() {
                return "/";
            }

            @Override
            public @Nullable String header(int slot) {
                return null;
            }

            @Override
            public @Nullable InetAddress sourceAddress() {
                return null;
            }

            @Override
            public boolean requestIdGenerated() {
                return false;
            }
        };
        store.active().rules().decide(any, store.nanoTime(), 0, new RuleSet.Scratch());
    }

    private static LeaseRequest lease(String id, long millis) {
        return new LeaseRequest(id, millis);
    }

    @Test
    void aRuleIsDroppedWhenItsLeaseRunsOutThoughNobodyAsks() {
        assertThat(store.putRule(rule("r", "e", null, 503), lease("l", 5000))).isTrue();
        assertThat(store.active().isIdle()).isFalse();

        fixture.advanceMillis(4999);
        assertThat(store.active().isIdle()).isFalse();
        fixture.advanceMillis(1);

        assertThat(store.active().isIdle()).isTrue();
        assertThat(store.rules()).isEmpty();
        assertThatThrownBy(() -> store.renewLease(lease("l", 5000)))
                .isInstanceOfSatisfying(
                        RulesProblem.class, p -> assertThat(p.status()).isEqualTo(404));
        assertThat(fixture.stats.value("mishap.rules.active")).isZero();
    }

    @Test
    void renewalKeepsARule() {
        store.putRule(rule("r", "e", null, 503), lease("l", 5000));
        for (int i = 0; i < 10; i++) {
            fixture.advanceMillis(1500);
            assertThat(store.renewLease(lease("l", 5000)).rules()).containsExactly("r");
        }
        assertThat(store.rules()).hasSize(1);

        assertThat(store.renewLease(lease("l", 100)).expiresInMillis()).isEqualTo(100);
        fixture.advanceMillis(100);
        assertThat(store.rules()).as("a renewal may shorten").isEmpty();
    }

    @Test
    void aTtlEndsARuleWhateverItsLease() {
        store.putRule(rule("r", "e", Duration.ofSeconds(2), 503), lease("l", 60_000));
        store.putRule(rule("s", "e", null, 503), lease("l", 60_000));

        fixture.advanceMillis(2000);

        assertThat(store.rules()).extracting(v -> v.rule().name()).containsExactly("s");
    }

    @Test
    void aRuleWithoutALeaseNeedsATtl() {
        assertThatThrownBy(() -> store.putRule(rule("r", null, null, 503), null))
                .isInstanceOfSatisfying(
                        RulesProblem.class,
                        p -> assertThat(p.errors())
                                .extracting(RulesProblem.Field::field)
                                .containsExactly("spec.ttl"));
        assertThat(store.putRule(rule("r", null, Duration.ofMinutes(1), 503), null))
                .isTrue();
    }

    @Test
    void anotherExperimentsNameIsNotTaken() {
        store.putRule(rule("r", "e1", null, 503), lease("l", 5000));

        assertThatThrownBy(() -> store.putRule(rule("r", "e2", null, 500), lease("l", 5000)))
                .isInstanceOfSatisfying(
                        RulesProblem.class, p -> assertThat(p.status()).isEqualTo(409));
        assertThatThrownBy(() -> store.putRule(rule("r", "e1", null, 500), lease("other", 5000)))
                .isInstanceOfSatisfying(
                        RulesProblem.class, p -> assertThat(p.status()).isEqualTo(409));
        assertThat(store.rule("r").rule().fault()).isEqualTo(Abort.http(503));
    }

    @Test
    void aReplacedRuleGoesOnWithItsCounts() {
        store.putRule(rule("r", "e", null, 503), lease("l", 5000));
        touchOnce();
        assertThat(store.putRule(rule("r", "e", null, 500), lease("l", 5000))).isFalse();
        touchOnce();
        touchOnce();

        assertThat(store.rule("r").status().touched()).isEqualTo(3);
        assertThat(store.rule("r").status().activeFaults())
                .as("none was released")
                .isEqualTo(3);
        store.showCounts();
        assertThat(fixture.stats.value("mishap.rule.r.touched")).isEqualTo(3);
        List<RuleView> ended = store.deleteRule("r", true);
        assertThat(ended).singleElement().satisfies(v -> {
            assertThat(v.status().touched()).isEqualTo(3);
            assertThat(v.active()).isFalse();
        });
        assertThat(store.deleteRule("r", true)).isEmpty();
    }

    @Test
    void manyReplacementsLoseNoCount() {
        for (int i = 0; i < 40; i++) {
            store.putRule(rule("r", "e", null, 500 + i), lease("l", 5000));
            touchOnce();
        }

        assertThat(store.rule("r").status().touched()).isEqualTo(40);
    }

    @Test
    void anotherRulesComingLeavesTheCounts() {
        store.putRule(rule("r", "e", null, 503), lease("l", 5000));
        touchOnce();
        store.putRule(rule("s", "e", null, 503), lease("l", 5000));

        assertThat(store.rule("r").status().touched()).isEqualTo(1);
    }

    @Test
    void allIsEndedAtOnce() {
        store.putRule(rule("r", "e1", null, 503), lease("l1", 5000));
        store.putRule(rule("s", "e2", null, 503), lease("l2", 5000));

        assertThat(store.deleteRules("e1", true)).hasSize(1);
        assertThat(store.deleteRules(null, true)).hasSize(1);

        assertThat(store.active().isIdle()).isTrue();
    }

    @Test
    void aLeasesEndEndsWhatIsBoundToIt() {
        store.putRule(rule("r", "e", null, 503), lease("l", 5000));
        fixture.observe("o", Cohort.ALL);
        store.putObserver(new Observer.Definition("o2", "e", Scope.ANY, Cohort.ALL), lease("l", 5000));

        assertThat(store.endLease("l", true)).hasSize(1);
        assertThat(store.endLease("l", true)).isEmpty();

        assertThat(store.observer("o2")).isNull();
        assertThat(store.observer("o")).isNotNull();
    }

    @Test
    void anObserverKeepsItsCountsWhileRulesComeAndGo() {
        fixture.observe("o", Cohort.ALL);
        store.active().observer(0).count(false, true, false, 1000);
        store.putRule(rule("r", "e", null, 503), lease("l", 5000));

        assertThat(store.observer("o").observer().allJson()).containsEntry("requests", 1L);
        assertThat(store.observer("o").observer().cohortJson()).containsEntry("requests", 0L);
    }

    @Test
    void anObserverEndsWithItsLease() {
        fixture.observe("o", Cohort.ALL);

        fixture.advanceMillis(5000);

        assertThat(store.observer("o")).isNull();
        assertThat(store.active().isIdle()).isTrue();
    }

    private long shown(String stat) {
        store.showCounts();
        return fixture.stats.value(stat);
    }

    @Test
    void theStatsOfARuleStayForAWhileAndAreForgottenThen() {
        store.putRule(rule("r", "e", null, 503), lease("l", 5000));
        touchOnce();
        store.deleteRule("r", true);
        assertThat(shown("mishap.rule.r.touched")).isEqualTo(1);

        fixture.advanceMillis(TimeUnit.NANOSECONDS.toMillis(RuleStats.KEEP_NANOS) - 1);
        assertThat(shown("mishap.rule.r.touched")).isEqualTo(1);
        fixture.advanceMillis(1);
        assertThat(shown("mishap.rule.r.touched")).isZero();
        assertThat(statsOf("r")).isEmpty();
    }

    private List<String> statsOf(String rule) {
        return fixture.stats.snapshot().counters().stream()
                .map(dev.mishap.proxy.observe.stats.StatsSnapshot.Number::name)
                .filter(name -> name.startsWith("mishap.rule." + rule))
                .toList();
    }

    @Test
    void aNameThatComesBackInTimeCountsOn() {
        for (int i = 0; i < 5; i++) {
            store.putRule(rule("r", "e", null, 503), lease("l", 5000));
            touchOnce();
            store.deleteRule("r", true);
            fixture.advanceMillis(TimeUnit.NANOSECONDS.toMillis(RuleStats.KEEP_NANOS) - 1);
        }

        assertThat(shown("mishap.rule.r.touched")).isEqualTo(5);
        assertThat(shown("mishap.experiment.e.touched")).isZero();
    }

    @Test
    void everNewNamesDoNotGrowTheStatsAndALiveRuleKeepsItsCounts() {
        store.putRule(rule("live", "e", Duration.ofDays(1), 503), null);
        touchOnce();
        for (int i = 0; i < 2 * RuleStats.MAX_GONE; i++) {
            store.putRule(rule("r" + i, "e" + i, null, 503), lease("l", 5000));
            touchOnce();
            store.deleteRule("r" + i, true);
        }

        assertThat(statsOf("r").size()).isBetween(1, RuleStats.MAX_GONE * 10);
        assertThat(shown("mishap.rule.r0.touched")).isZero();
        assertThat(shown("mishap.rule.live.scoped")).isEqualTo(2 * RuleStats.MAX_GONE + 1);

        fixture.advanceMillis(TimeUnit.NANOSECONDS.toMillis(RuleStats.KEEP_NANOS));
        assertThat(statsOf("r")).isEmpty();
        assertThat(shown("mishap.rule.live.scoped")).isEqualTo(2 * RuleStats.MAX_GONE + 1);
    }
}
