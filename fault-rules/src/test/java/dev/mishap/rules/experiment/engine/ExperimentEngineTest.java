package dev.mishap.rules.experiment.engine;

import static dev.mishap.rules.experiment.engine.SimulatedRun.SLO;
import static dev.mishap.rules.experiment.engine.SimulatedRun.plan;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.experiment.RollbackTrigger;
import dev.mishap.rules.experiment.Slo;
import java.time.Duration;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ExperimentEngineTest {
    private static final Condition SUCCESS_DROP =
            Condition.relativeToBaseline("success", "checkout", Measure.SUCCESS_RATE, Slo.Comparator.AT_LEAST, 0.9);
    private static final Condition P95_RISE =
            Condition.relativeToBaseline("p95", "checkout", Measure.P95_LATENCY, Slo.Comparator.AT_MOST, 1.5);
    private static final Condition QUEUE =
            Condition.ofQuery("queue_depth <= 10", "queue_depth", Slo.Comparator.AT_MOST, 10);

    private static BiConsumer<Phase, SimulatedRun.Second> during(
            Phase wanted, java.util.function.Consumer<SimulatedRun.Second> effect) {
        return (phase, second) -> {
            if (phase == Phase.INJECTION) {
                second.touched = 4;
            }
            if (phase == wanted) {
                effect.accept(second);
            }
        };
    }

    static Stream<Arguments> outcomes() {
        return Stream.of(
                outcome("held", plan(SLO), Phase.INJECTION, s -> {}, Reason.HYPOTHESIS_HELD),
                outcome(
                        "a failure within the SLO",
                        plan(SLO),
                        Phase.INJECTION,
                        s -> s.allFailing = 4,
                        Reason.HYPOTHESIS_HELD),
                outcome(
                        "exposed cohort fails, all hardly",
                        plan(SLO),
                        Phase.INJECTION,
                        s -> {
                            s.exposedFailing = 4;
                            s.allFailing = 4;
                        },
                        Reason.SLO_BREACHED),
                outcome(
                        "all traffic fails, the cohort does not",
                        plan(SLO),
                        Phase.INJECTION,
                        s -> s.allFailing = 20,
                        Reason.SLO_BREACHED),
                outcome(
                        "spike under a lenient SLO",
                        plan(lenient()),
                        Phase.INJECTION,
                        s -> s.exposedFailing = 4,
                        Reason.ERROR_RATE_SPIKE),
                outcome(
                        "no spike within 10 points",
                        plan(lenient()),
                        Phase.INJECTION,
                        s -> s.allFailing = 18,
                        Reason.HYPOTHESIS_HELD),
                outcome("nothing touched", plan(SLO), Phase.INJECTION, s -> s.touched = 0, Reason.NO_REQUEST_TOUCHED),
                outcome(
                        "a breach that no fault caused",
                        plan(SLO),
                        Phase.INJECTION,
                        s -> {
                            s.touched = 0;
                            s.allFailing = 100;
                        },
                        Reason.NO_REQUEST_TOUCHED),
                outcome(
                        "cohort too small to tell",
                        plan(SLO),
                        Phase.INJECTION,
                        s -> s.exposed = 0,
                        Reason.TOO_FEW_SAMPLES),
                outcome(
                        "sick from the start",
                        plan(SLO),
                        Phase.BASELINE,
                        s -> s.allFailing = 30,
                        Reason.NOT_IN_STEADY_STATE),
                outcome("no traffic", plan(SLO), Phase.BASELINE, s -> s.all = 1, Reason.TOO_LITTLE_TRAFFIC),
                outcome(
                        "metrics never readable",
                        plan(SLO),
                        Phase.BASELINE,
                        s -> s.problems.add("refused"),
                        Reason.LOST_METRICS),
                outcome(
                        "metrics lost in the injection",
                        plan(SLO),
                        Phase.INJECTION,
                        s -> s.problems.add("refused"),
                        Reason.LOST_METRICS),
                outcome(
                        "metrics lost in recovery",
                        plan(SLO),
                        Phase.RECOVERY,
                        s -> s.problems.add("refused"),
                        Reason.LOST_METRICS),
                outcome("contact lost", plan(SLO), Phase.INJECTION, s -> s.contactLost = true, Reason.LOST_CONTACT),
                outcome(
                        "stays sick after the faults",
                        plan(SLO),
                        Phase.RECOVERY,
                        s -> s.allFailing = 30,
                        Reason.NOT_RECOVERED),
                outcome(
                        "cohort stays sick after the faults",
                        plan(SLO),
                        Phase.RECOVERY,
                        s -> s.exposedFailing = 3,
                        Reason.NOT_RECOVERED),
                outcome(
                        "success under 0.9 of the baseline",
                        plan(SUCCESS_DROP, P95_RISE),
                        Phase.INJECTION,
                        s -> s.allFailing = 25,
                        Reason.SLO_BREACHED),
                outcome(
                        "success over 0.9 of the baseline",
                        plan(SUCCESS_DROP, P95_RISE),
                        Phase.INJECTION,
                        s -> s.allFailing = 15,
                        Reason.HYPOTHESIS_HELD),
                outcome(
                        "p95 over 1.5 of the baseline",
                        plan(SUCCESS_DROP, P95_RISE),
                        Phase.INJECTION,
                        s -> s.latencyMillis = 80,
                        Reason.SLO_BREACHED),
                outcome(
                        "p95 of the cohort over 1.5 of the baseline",
                        plan(SUCCESS_DROP, P95_RISE),
                        Phase.INJECTION,
                        s -> s.exposedLatencyMillis = 80,
                        Reason.SLO_BREACHED),
                outcome(
                        "no target and a bad baseline",
                        plan(SUCCESS_DROP),
                        Phase.BASELINE,
                        s -> s.allFailing = 40,
                        Reason.NOT_IN_STEADY_STATE));
    }

    private static Condition lenient() {
        return Condition.ofService(
                "checkout_success_rate >= 0.3", "checkout", Measure.SUCCESS_RATE, Slo.Comparator.AT_LEAST, 0.3);
    }

    private static Arguments outcome(
            String name,
            Plan plan,
            Phase phase,
            java.util.function.Consumer<SimulatedRun.Second> effect,
            Reason expected) {
        return Arguments.of(org.junit.jupiter.api.Named.of(name, plan), during(phase, effect), expected);
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("outcomes")
    void verdicts(Plan plan, BiConsumer<Phase, SimulatedRun.Second> script, Reason expected) {
        SimulatedRun run = new SimulatedRun(plan);
        Verdict verdict = run.run(script);
        assertThat(verdict.reason()).as("%s", run.engine.events()).isEqualTo(expected);
        // Whatever the end, what was put is taken back, once.
        long injections =
                run.orders.stream().filter(order -> order == Order.INJECT).count();
        assertThat(run.orders.stream().filter(order -> order == Order.ROLL_BACK).count())
                .isEqualTo(injections);
    }

    @Test
    void aHeldHypothesisIsWatchedForTheWholeInjectionAndRecovery() {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        Verdict verdict = run.run(during(Phase.INJECTION, s -> {}));
        assertThat(verdict.exitCode()).isZero();
        assertThat(verdict.recovered()).isTrue();
        assertThat(points(run, Phase.BASELINE)).isEqualTo(10);
        assertThat(points(run, Phase.INJECTION)).isEqualTo(20);
        assertThat(points(run, Phase.RECOVERY)).isEqualTo(5);
        assertThat(run.engine.faults().touched()).isEqualTo(80);
        assertThat(run.engine.timeline().stream()
                        .mapToLong(TimelinePoint::touched)
                        .sum())
                .isEqualTo(80);
        assertThat(run.engine.results())
                .extracting(PhaseResult::phase, PhaseResult::population, PhaseResult::samples)
                .contains(
                        org.assertj.core.groups.Tuple.tuple(Phase.INJECTION, Population.ALL, 4000L),
                        org.assertj.core.groups.Tuple.tuple(Phase.INJECTION, Population.EXPOSED, 200L));
    }

    @Test
    void aBreachTakesThreePollsInSuccessionAndThenRollsBackAtOnce() {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        Verdict verdict = run.run(during(Phase.INJECTION, s -> s.allFailing = 60));
        assertThat(verdict.reason()).isEqualTo(Reason.SLO_BREACHED);
        assertThat(verdict.recovered()).isTrue();
        assertThat(points(run, Phase.INJECTION)).isEqualTo(3);
    }

    @Test
    void twoBreachingPollsAreNoBreach() {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        int[] seconds = {0};
        Verdict verdict = run.run(during(
                Phase.INJECTION, s -> s.allFailing = ++seconds[0] % 10 == 1 || seconds[0] % 10 == 2 ? 20 : 0));
        assertThat(verdict.reason()).isEqualTo(Reason.HYPOTHESIS_HELD);
    }

    @Test
    void aPhaseThatMissesTheSloAsAWholeIsABreachThoughNoThreePollsInSuccessionWere() {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        int[] seconds = {0};
        Verdict verdict = run.run(during(Phase.INJECTION, s -> s.allFailing = seconds[0]++ % 2 == 0 ? 100 : 0));
        assertThat(verdict.reason()).isEqualTo(Reason.SLO_BREACHED);
        assertThat(verdict.explanation()).contains("over the whole injection", "0.75");
    }

    @Test
    void withoutRollbackOnABreachTheFaultsStayButTheVerdictDoesToo() {
        Plan base = plan(SLO);
        Plan plan = new Plan(
                base.conditions(),
                base.services(),
                base.baseline(),
                base.baselineRequests(),
                base.baselineLimit(),
                base.injection(),
                base.recoveryStable(),
                base.recoveryLimit(),
                base.timeout(),
                3,
                0.1,
                3,
                Set.of(RollbackTrigger.TIMEOUT));
        SimulatedRun run = new SimulatedRun(plan);
        Verdict verdict = run.run(during(Phase.INJECTION, s -> s.exposedFailing = 5));
        assertThat(verdict.reason()).isEqualTo(Reason.SLO_BREACHED);
        assertThat(points(run, Phase.INJECTION)).isEqualTo(20);
    }

    @Test
    void theTimeOutEndsTheInjection() {
        Plan base = plan(SLO);
        Plan plan = new Plan(
                base.conditions(),
                base.services(),
                base.baseline(),
                base.baselineRequests(),
                base.baselineLimit(),
                base.injection(),
                base.recoveryStable(),
                base.recoveryLimit(),
                Duration.ofSeconds(15),
                3,
                0.1,
                3,
                Set.of(RollbackTrigger.values()));
        SimulatedRun run = new SimulatedRun(plan);
        Verdict verdict = run.run(during(Phase.INJECTION, s -> {}));
        assertThat(verdict.reason()).isEqualTo(Reason.TIMED_OUT);
        assertThat(verdict.exitCode()).isEqualTo(2);
        assertThat(run.orders).contains(Order.ROLL_BACK);
    }

    @Test
    void aRefusedRuleIsRolledBackBecauseOthersMayHaveBeenTaken() {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        run.refuse = true;
        Verdict verdict = run.run(during(Phase.INJECTION, s -> {}));
        assertThat(verdict.reason()).isEqualTo(Reason.RULE_REFUSED);
        assertThat(verdict.explanation()).contains("field x");
        assertThat(run.orders).endsWith(Order.INJECT, Order.ROLL_BACK, Order.FINISH);
    }

    @ParameterizedTest
    @EnumSource(names = "DONE", mode = EnumSource.Mode.EXCLUDE)
    void anInterruptEndsEveryPhaseWith130(Phase phase) {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        Verdict verdict = run.run(during(phase, s -> s.interrupt = true));
        assertThat(verdict.exitCode()).isEqualTo(130);
        assertThat(run.orders.contains(Order.ROLL_BACK)).isEqualTo(phase != Phase.BASELINE);
    }

    @Test
    void aBreachWhoseSystemStaysSickSaysSo() {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        Verdict verdict = run.run((phase, s) -> {
            s.touched = 4;
            s.allFailing = phase == Phase.BASELINE ? 0 : 60;
        });
        assertThat(verdict.reason()).isEqualTo(Reason.SLO_BREACHED);
        assertThat(verdict.recovered()).isFalse();
    }

    @Test
    void recoveryWaitsForAQuietTimeWithoutABreak() {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        int[] seconds = {0};
        Verdict verdict =
                run.run(during(Phase.RECOVERY, s -> s.allFailing = ++seconds[0] == 2 || seconds[0] == 5 ? 60 : 0));
        assertThat(verdict.reason()).isEqualTo(Reason.HYPOTHESIS_HELD);
        assertThat(points(run, Phase.RECOVERY)).isEqualTo(10);
    }

    @Test
    void twoLostPollsAreBridged() {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        int[] seconds = {0};
        Verdict verdict = run.run(during(Phase.INJECTION, s -> {
            if (++seconds[0] % 4 < 2) {
                s.problems.add("slow");
            }
        }));
        assertThat(verdict.reason()).isEqualTo(Reason.HYPOTHESIS_HELD);
    }

    @Test
    void aQueryIsJudgedByItsValue() {
        SimulatedRun run = new SimulatedRun(plan(SLO, QUEUE));
        Verdict verdict = run.run((phase, s) -> {
            s.touched = 4;
            s.queries.put("queue_depth", phase == Phase.INJECTION ? 50.0 : 3.0);
        });
        assertThat(verdict.reason()).isEqualTo(Reason.SLO_BREACHED);
        assertThat(verdict.explanation()).contains("queue_depth <= 10", "50");
        assertThat(points(run, Phase.INJECTION)).isEqualTo(3);
    }

    @Test
    void aQueueThatDrainsAfterTheFaultsIsWaitedFor() {
        SimulatedRun run = new SimulatedRun(plan(QUEUE));
        double[] depth = {2};
        Verdict verdict = run.run((phase, s) -> {
            s.touched = 4;
            if (phase == Phase.RECOVERY) {
                depth[0] = depth[0] == 2 ? 18 : Math.max(1, depth[0] - 2);
            }
            s.queries.put("queue_depth", depth[0]);
        });
        assertThat(verdict.reason()).isEqualTo(Reason.HYPOTHESIS_HELD);
        assertThat(points(run, Phase.RECOVERY)).isGreaterThan(5);
    }

    @Test
    void aQueryWithoutAValueCannotBeJudged() {
        SimulatedRun run = new SimulatedRun(plan(QUEUE));
        Verdict verdict = run.run(during(Phase.INJECTION, s -> {}));
        assertThat(verdict.reason()).isEqualTo(Reason.LOST_METRICS);
        assertThat(verdict.exitCode()).isEqualTo(2);
    }

    @Test
    void littleTrafficIsJoinedOverPollsAndATotalFailureStillSeenSoon() {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        Verdict verdict = run.run((phase, s) -> {
            s.touched = 1;
            s.all = 20;
            s.exposed = 1;
            s.exposedFailing = phase == Phase.INJECTION ? 1 : 0;
        });
        assertThat(verdict.reason()).isEqualTo(Reason.SLO_BREACHED);
        assertThat(points(run, Phase.INJECTION)).isEqualTo(6);
    }

    @Test
    void oneFailureAmongFewSamplesProvesNothing() {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        int[] seconds = {0};
        Verdict verdict = run.run((phase, s) -> {
            s.touched = 1;
            s.exposed = ++seconds[0] % 2 == 0 ? 1 : 0;
            s.exposedFailing = phase == Phase.INJECTION && seconds[0] == 20 ? 1 : 0;
        });
        assertThat(verdict.reason()).isEqualTo(Reason.TOO_FEW_SAMPLES);
    }

    @Test
    void aBaselineWaitsForItsRequests() {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        Verdict verdict = run.run((phase, s) -> {
            s.touched = 4;
            s.all = phase == Phase.BASELINE ? 7 : 200;
        });
        assertThat(verdict.reason()).isEqualTo(Reason.HYPOTHESIS_HELD);
        assertThat(points(run, Phase.BASELINE)).isEqualTo(15);
    }

    private static long points(SimulatedRun run, Phase phase) {
        return run.engine.timeline().stream()
                .filter(point -> point.phase() == phase)
                .count();
    }
}
