package dev.mishap.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.fault.DnsFault;
import dev.mishap.rules.text.RuleLine;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits hold for every plane, a dry run does nothing, and limits that are reached are told of. */
class SafeguardsTest {
    private static final long SECOND = 1_000_000_000L;

    private final HeaderSlots slots = new HeaderSlots();
    private final RuleSet.Scratch scratch = new RuleSet.Scratch();
    private final List<String> news = new ArrayList<>();

    private RuleSet compile(boolean dryRun, String... lines) {
        List<InstalledRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(new InstalledRule(RuleLine.parse(lines[i], "r" + i), 0, 7));
        }
        return RuleSet.compile(
                rules,
                null,
                slots,
                new Safeguards(
                        Protection.DEFAULT,
                        dryRun,
                        (rule, cause, status) -> news.add(rule.name() + " " + cause + " " + status.touched())));
    }

    /** Asks about one thing of the plane that the fault acts on. */
    private Decision ask(RuleSet set, String fault, int n, long now) {
        if (fault.startsWith("dns")) {
            return set.decide(new FakeQuestion("n" + n + ".test", "A", null), now, now);
        }
        if (fault.startsWith("latency") || fault.startsWith("refuse")) {
            FakeConnection connection = new FakeConnection();
            connection.source = DnsFault.literal("10.0." + n / 256 + "." + n % 256);
            return set.decide(connection, now, now);
        }
        return set.decide(new FakeRequest(slots), now, now, scratch);
    }

    @ParameterizedTest
    @ValueSource(strings = {"abort 503", "delay 1s", "latency 10ms", "refuse", "dns delay 1s", "dns nxdomain"})
    void noTenSecondsHoldMoreThanTheCap(String fault) {
        RuleSet set = compile(false, fault + " max 5%");
        long touched = 0;
        for (int i = 1; i <= 1000; i++) {
            Decision decision = ask(set, fault, i, i * SECOND / 100);
            touched += decision.touchedCount();
            decision.release();
            assertThat(touched).isLessThanOrEqualTo((i * 5 + 99) / 100);
        }
        assertThat(touched).isEqualTo(50);
        assertThat(set.status("r0").suppressed().get(Suppression.CAP)).isEqualTo(950);
        assertThat(set.status("r0").activeFaults()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"abort 503", "delay 1s", "latency 10ms", "refuse", "dns delay 1s", "dns nxdomain"})
    void noMoreAtOneTimeThanMaxConcurrent(String fault) {
        RuleSet set = compile(false, fault + " max 3 concurrent");
        List<Decision> held = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            held.add(ask(set, fault, i, 1));
        }
        assertThat(held.stream().mapToInt(Decision::touchedCount).sum()).isEqualTo(3);
        assertThat(set.status("r0").activeFaults()).isEqualTo(3);
        held.get(0).release();
        held.get(0).release();
        assertThat(ask(set, fault, 11, 2).touchedCount()).isEqualTo(1);
        assertThat(ask(set, fault, 12, 2).touchedCount()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"abort 503", "latency 10ms", "dns delay 1s"})
    void noSecondHoldsMoreThanTheRateAndNothingIsTouchedAfterTheTtl(String fault) {
        RuleSet set = compile(false, fault + " max 2/s for 5s");
        int touched = 0;
        for (int i = 0; i < 100; i++) {
            touched += ask(set, fault, i, 1 + i * SECOND / 100).touchedCount();
        }
        assertThat(touched).isEqualTo(2);
        assertThat(ask(set, fault, 101, 5 * SECOND).touchedCount()).isZero();
        assertThat(set.status("r0").suppressed().get(Suppression.SCHEDULE)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"abort 503", "delay 1s", "latency 10ms", "refuse", "dns delay 1s", "dns nxdomain"})
    void aDryRunDecidesAndDoesNothing(String fault) {
        for (boolean all : new boolean[] {false, true}) {
            RuleSet set = compile(all, fault + " 50% max 100 concurrent" + (all ? "" : " dry-run"));
            RuleSet real = compile(false, fault + " 50% max 100 concurrent");
            List<Decision> held = new ArrayList<>();
            int would = 0;
            int did = 0;
            for (int i = 0; i < 200; i++) {
                Decision decision = ask(set, fault, i, 1);
                held.add(decision);
                assertThat(decision.touchedCount()).isZero();
                would += decision.wouldTouchCount();
                did += ask(real, fault, i, 1).touchedCount();
            }
            assertThat(would).isEqualTo(did).isBetween(60, 100);
            RuleStatus status = set.status("r0");
            assertThat(status.touched()).isZero();
            assertThat(status.wouldTouch()).isEqualTo(would);
            assertThat(status.activeFaults()).isEqualTo(would);
            assertThat(set.isDryRun("r0")).isTrue();
            held.forEach(Decision::release);
            assertThat(set.status("r0").activeFaults()).isZero();
        }
    }

    @Test
    void aDryRunLeavesOtherRulesAsTheyAre() {
        RuleSet set = compile(
                false,
                "abort 503 dry-run priority 1",
                "abort 500 dry-run priority 2",
                "abort 418 priority 3",
                "delay 1s dry-run");
        FaultDecision decision = set.decide(new FakeRequest(slots), 1, 1, scratch);
        assertThat(decision.abort()).isNotNull();
        assertThat(decision.abort().httpStatus()).isEqualTo(418);
        assertThat(decision.delayNanos()).isZero();
        assertThat(decision.wouldTouchCount()).isEqualTo(2);
        assertThat(decision.wouldTouch(0).name()).isEqualTo("r0");
        assertThat(decision.wouldTouch(1).name()).isEqualTo("r3");
        assertThat(set.status("r1").suppressed().get(Suppression.SUPERSEDED)).isEqualTo(1);
    }

    @Test
    void aConnectionKeepsItsDryRunWhenOtherRulesChange() {
        RuleSet first = compile(false, "latency 1s dry-run");
        FakeConnection connection = new FakeConnection();
        ConnectionDecision decision = first.decide(connection, 1, 1);
        assertThat(decision.isNone()).isTrue();
        RuleSet second = RuleSet.compile(
                List.of(
                        new InstalledRule(RuleLine.parse("latency 1s dry-run", "r0"), 0, 7),
                        new InstalledRule(RuleLine.parse("latency 2s", "r1"), 0, 7)),
                first,
                slots);
        ConnectionDecision again = second.decideAgain(connection, 2, 2, first, decision);
        assertThat(again.wouldTouchCount()).isEqualTo(1);
        assertThat(again.touchedCount()).isEqualTo(1);
        assertThat(second.status("r0").activeFaults()).isEqualTo(1);
        assertThat(second.status("r0").wouldTouch()).isEqualTo(1);
        again.release();
        assertThat(second.status("r0").activeFaults()).isZero();
    }

    @Test
    void aLimitThatIsReachedIsNewsOnceForAsLongAsItHolds() {
        RuleSet set = compile(false, "abort 503 max 1%");
        RuleSet concurrent = compile(false, "delay 1s max 1 concurrent as d");
        for (int i = 1; i <= 50; i++) {
            set.decide(new FakeRequest(slots), i * SECOND / 10, 1, scratch).release();
        }
        assertThat(news).containsExactly("r0 CAP 1");
        set.decide(new FakeRequest(slots), 30 * SECOND, 1, scratch);
        set.decide(new FakeRequest(slots), 30 * SECOND, 1, scratch);
        assertThat(news).hasSize(2);
        concurrent.decide(new FakeRequest(slots), 1, 1, scratch);
        concurrent.decide(new FakeRequest(slots), 1, 1, scratch);
        assertThat(news).hasSize(3).last().isEqualTo("d CONCURRENCY 1");
    }

    @Test
    void overlapsSayWhatADryRunDoesAndRangesCanBeApart() {
        assertThat(RuleOverlap.among(
                                List.of(RuleLine.parse("refuse 40% dry-run", "a"), RuleLine.parse("refuse 50%", "b")))
                        .get(0)
                        .outcome())
                .containsExactly(
                        "a is a dry run: it counts about 40 % of the connections and acts on none; rules after it act as if it were not there",
                        "b takes about 50 % of the connections that all match");
        assertThat(RuleOverlap.among(List.of(
                        RuleLine.parse("refuse to 10.0.0.0/8", "a"),
                        RuleLine.parse("refuse to 11.0.0.0/8", "b"),
                        RuleLine.parse("dns drop from 10.0.0.0/8", "c"),
                        RuleLine.parse("dns drop from 10.1.0.0/16", "d"),
                        RuleLine.parse("latency 1s when sni $= .a", "e"),
                        RuleLine.parse("latency 1s when sni $= .b", "f"))))
                .extracting(o -> o.rules().stream().map(FaultRule::name).toList())
                .contains(List.of("c", "d"))
                .noneMatch(names -> names.contains("a") && names.contains("b") && names.size() == 2);
    }
}
