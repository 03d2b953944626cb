package dev.mishap.proxy.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.QuestionDecision;
import dev.mishap.rules.QuestionView;
import dev.mishap.rules.text.RuleLine;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RulePlacesTest {
    private final StoreFixture fixture = new StoreFixture();
    private final RulePlaces places = fixture.store.places();

    private static List<FaultRule> rules(String... lines) {
        int[] n = {0};
        return Arrays.stream(lines)
                .map(line -> RuleLine.parse(line, "r" + ++n[0]))
                .toList();
    }

    private static final QuestionView QUESTION = new QuestionView() {
        @Override
        public @Nullable String listener() {
            return null;
        }

        @Override
        public @Nullable String cluster() {
            return "u";
        }

        @Override
        public @Nullable InetAddress sourceAddress() {
            return null;
        }

        @Override
        public String name() {
            return "db";
        }

        @Override
        public String type() {
            return "A";
        }
    };

    private boolean touches(PlacedRules placed) {
        QuestionDecision decision = placed.active().rules().decide(QUESTION, placed.nanoTime(), 0);
        boolean touched = !decision.isNone();
        decision.release();
        return touched;
    }

    private long touched(String rule) {
        fixture.store.showCounts();
        return fixture.stats.value("mishap.rule." + rule + ".touched");
    }

    @Test
    void rulesAreLetGoOfThoughTheProcessEnds() {
        ScheduledExecutorService ended = Executors.newSingleThreadScheduledExecutor();
        ended.shutdownNow();
        RuleStore store = new RuleStore(fixture.ticker, ended, fixture.stats, () -> 42);
        PlacedRules placed = store.places().replace("s", rules("dns servfail for 10s"));
        store.places().began(placed);
        store.places().ended(placed);
        store.replaceOwn(rules("dns servfail for 10s"));
        store.replaceOwn(List.of());
        assertThat(store.standings()).isEmpty();
    }

    @Test
    void theSameConfigurationAgainIsTheSamePlace() {
        PlacedRules placed = places.replace("s", rules("dns servfail"));

        assertThat(places.replace("s", rules("dns servfail"))).isSameAs(placed);
        assertThat(places.replace("other", rules("dns servfail"))).isNotSameAs(placed);
        assertThat(places.share("s", rules("dns servfail"))).isSameAs(placed);
    }

    @Test
    void aTtlIsOverWhateverIsDeliveredMeanwhile() {
        PlacedRules first = places.replace("s", rules("dns servfail for 10s", "dns ttl 5s"));
        assertThat(touches(first)).isTrue();
        fixture.advanceMillis(6000);
        PlacedRules second = places.replace("s", rules("dns servfail for 10s", "dns ttl 6s"));
        fixture.advanceMillis(3999);
        assertThat(second.active().rules().size()).isEqualTo(2);

        fixture.advanceMillis(1);

        assertThat(second.active().rules().rules()).extracting(FaultRule::name).containsExactly("r2");
        assertThat(places.replace("s", rules("dns servfail for 10s")).active()).isSameAs(ActiveRules.NONE);
        assertThat(touched("r1")).isEqualTo(1);
        assertThat(fixture.store.events().after(0, 10)).anySatisfy(event -> {
            assertThat(event.kind()).isEqualTo(RuleEvents.Kind.EXPIRED);
            assertThat(event.rule()).isEqualTo("r1");
            assertThat(event.why()).isEqualTo("its ttl is over, in s");
        });
    }

    /** A control plane tells a renewed ttl by another mark; counts go on, with a mark or without. */
    @Test
    void aTtlThatIsRenewedBeginsAnew() {
        FaultRule rule = rules("dns servfail for 10s").get(0);
        PlacedRules first = places.replace("s", List.of(rule.withInstallation("1")));
        first.enter();
        assertThat(touches(first)).isTrue();
        fixture.advanceMillis(6000);

        PlacedRules renewed = places.replace("s", List.of(rule.withInstallation("2")));
        renewed.enter();
        first.leave();

        assertThat(places.replace("s", List.of(rule.withInstallation("2")))).isSameAs(renewed);
        fixture.advanceMillis(9999);
        assertThat(acts(renewed)).isTrue();
        assertThat(touched("r1")).isEqualTo(2);
        fixture.advanceMillis(1);
        assertThat(renewed.active()).isSameAs(ActiveRules.NONE);
    }

    private boolean acts(PlacedRules placed) {
        QuestionDecision decision = placed.active().rules().decide(QUESTION, placed.nanoTime(), 0);
        boolean acts = !decision.isNone() && !decision.dropEnded();
        decision.release();
        return acts;
    }

    @Test
    void aRuleThatWasTakenOutAndComesAgainBeginsAnew() {
        PlacedRules first = places.replace("s", rules("dns servfail for 10s"));
        first.enter();
        fixture.advanceMillis(6000);
        first.leave();

        PlacedRules again = places.replace("s", rules("dns servfail for 10s"));
        again.enter();

        assertThat(acts(again)).isTrue();
        fixture.advanceMillis(9999);
        assertThat(acts(again)).isTrue();
        fixture.advanceMillis(1);
        assertThat(again.active()).isSameAs(ActiveRules.NONE);
        // Nor is one that ended by itself over for ever.
        again.leave();
        assertThat(acts(places.replace("s", rules("dns servfail for 10s")))).isTrue();
    }

    @Test
    void oneOfTwoThatWasTakenOutBeginsAnewAndTheOtherGoesOn() {
        List<FaultRule> both = rules("dns ttl 5s for 10s", "dns servfail for 10s");
        PlacedRules first = places.replace("s", both);
        first.enter();
        PlacedRules second = places.replace("s", both.subList(0, 1));
        second.enter();
        first.leave();
        fixture.advanceMillis(6000);
        PlacedRules third = places.replace("s", both);
        third.enter();
        second.leave();

        assertThat(acts(third)).isTrue();
        fixture.advanceMillis(4000);
        assertThat(third.active().rules().rules()).extracting(FaultRule::name).containsExactly("r2");
    }

    @Test
    void aChangedRuleOfOnePlaceGoesOnWithItsCountsAndLimits() {
        PlacedRules first = places.replace("s", rules("dns servfail max 1/s"));
        assertThat(touches(first)).isTrue();

        PlacedRules second = places.replace("s", rules("dns nxdomain max 1/s"));

        assertThat(touches(second)).isFalse();
        fixture.advanceMillis(2500);
        assertThat(touches(second)).isTrue();
        assertThat(touched("r1")).isEqualTo(2);
    }

    @Test
    void placesOfRoutesCountApart() {
        PlacedRules first = places.share("s", rules("dns servfail max 1/s"));
        PlacedRules second = places.share("s", rules("dns nxdomain max 1/s"));

        assertThat(touches(first)).isTrue();
        assertThat(touches(second)).isTrue();
        assertThat(touched("r1")).isEqualTo(2);
    }

    @Test
    void whatIsHeldBackActsAgainAfterwards() {
        PlacedRules placed = places.replace("s", rules("dns servfail"));
        int[] told = {0};
        fixture.store.onChange(() -> told[0]++);

        places.suspend(true);
        assertThat(placed.active().rules().isEmpty()).isTrue();
        assertThat(places.replace("s", rules("dns nxdomain")).active().rules().isEmpty())
                .isTrue();

        places.suspend(false);
        assertThat(touches(placed)).isTrue();
        assertThat(told[0]).isEqualTo(2);
    }

    @Test
    void nothingOfWhatHappenedIsLostWithAPlace() {
        PlacedRules placed = places.replace("s", rules("dns servfail"));
        assertThat(touches(placed)).isTrue();
        placed = null;
        for (int i = 0; i < 50 && !places.standing().isEmpty(); i++) {
            System.gc();
        }

        assertThat(places.standing()).isEmpty();
        assertThat(touched("r1")).isEqualTo(1);
    }

    private List<String> told() {
        return fixture.store.events().after(0, 100).stream()
                .map(event -> event.kind().field() + " " + event.rule() + ": " + event.why())
                .toList();
    }

    @Test
    void whatServesIsListedAndItsEndsAreTold() {
        PlacedRules first = places.replace("s", rules("dns servfail", "dns ttl 5s for 10s"));
        assertThat(fixture.store.rules()).isEmpty();
        first.enter();
        assertThat(touches(first)).isTrue();
        PlacedRules second = places.replace("s", rules("dns nxdomain"));
        second.enter();
        first.leave();
        fixture.advanceMillis(10_000);

        assertThat(fixture.store.rules()).singleElement().satisfies(view -> {
            assertThat(view.place()).isEqualTo("s");
            assertThat(view.origin()).isEqualTo(RuleView.Origin.CONFIGURATION);
            assertThat(view.active()).isTrue();
            assertThat(view.expiresInMillis()).isEqualTo(-1);
            assertThat(view.status().touched()).isEqualTo(1);
        });
        assertThat(fixture.stats.value("mishap.rules.configured")).isEqualTo(1);
        second.leave();
        assertThat(fixture.store.rules()).isEmpty();
        assertThat(told())
                .containsExactly(
                        "started r1: in s",
                        "started r2: in s",
                        "replaced r1: in s",
                        "stopped r2: it was taken out of s",
                        "stopped r1: it was taken out of s");
    }

    @Test
    void aPlaceThatServesTwiceEndsWithTheLastOne() {
        PlacedRules placed = places.share("s", rules("dns servfail for 1s", "dns servfail"));
        placed.enter();
        placed.enter();
        placed.leave();
        assertThat(fixture.store.rules()).hasSize(2);
        fixture.advanceMillis(1000);
        assertThat(fixture.store.rules()).hasSize(1);
        placed.leave();
        assertThat(told())
                .containsExactly(
                        "started r1: in s",
                        "started r2: in s",
                        "expired r1: its ttl is over, in s",
                        "stopped r2: it was taken out of s");
    }

    @Test
    void theKillSwitchIsSeenInTheList() {
        places.replace("s", rules("dns servfail")).enter();
        fixture.store.killSwitch().kill(KillSwitch.Cause.API, "test");

        assertThat(fixture.store.rules()).singleElement().matches(view -> view.killed() && !view.active());
    }
}
