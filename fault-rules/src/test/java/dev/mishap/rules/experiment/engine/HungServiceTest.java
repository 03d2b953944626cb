package dev.mishap.rules.experiment.engine;

import static dev.mishap.rules.experiment.engine.SimulatedRun.SLO;
import static dev.mishap.rules.experiment.engine.SimulatedRun.plan;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.experiment.Slo;
import dev.mishap.rules.experiment.engine.SimulatedRun.Second;
import java.time.Duration;
import java.util.List;
import java.util.function.ObjIntConsumer;
import org.junit.jupiter.api.Test;

/** A service that answers nobody must not pass for one that answers well; and one that only takes its time must not pass for that. */
class HungServiceTest {
    private static final Condition P95 = latency("checkout_p95_latency_ms <= 500", 0.95, 500);

    /** Under the faults: what happens in the n-th second of the injection. */
    private static SimulatedRun run(Plan plan, ObjIntConsumer<Second> injection) {
        SimulatedRun run = new SimulatedRun(plan);
        int[] seconds = {0};
        run.run((phase, second) -> {
            if (phase == Phase.INJECTION) {
                second.touched = 4;
                injection.accept(second, ++seconds[0]);
            }
        });
        return run;
    }

    private static Condition latency(String name, double quantile, long millis) {
        return Condition.ofService(
                name,
                "checkout",
                Measure.latency(quantile),
                Slo.Comparator.AT_MOST,
                Duration.ofMillis(millis).toNanos());
    }

    private static void hang(Second second, long callers) {
        second.all = 0;
        second.exposed = 0;
        second.inFlight = callers;
        second.exposedInFlight = Math.min(callers, 2);
    }

    private static long seconds(SimulatedRun run) {
        return run.engine.timeline().stream()
                .filter(point -> point.phase() == Phase.INJECTION)
                .count();
    }

    private static Verdict verdict(SimulatedRun run) {
        Verdict verdict = run.engine.verdict();
        assertThat(verdict).isNotNull();
        return verdict;
    }

    @Test
    void aLatencyIsBreachedByThoseWhoWait() {
        SimulatedRun run = run(plan(P95), (s, n) -> {
            if (n > 5) {
                hang(s, 32);
            }
        });
        assertThat(verdict(run).reason()).isEqualTo(Reason.SLO_BREACHED);
        // The sixth poll cannot know yet that those who wait do so for more than 500 ms.
        assertThat(seconds(run)).isEqualTo(9);
        assertThat(verdict(run).explanation()).contains("p95_latency_ms <= 500");
    }

    @Test
    void aBurstThatWaitedCountsOnce() {
        SimulatedRun run = run(plan(P95), (s, n) -> {
            if (n % 4 == 2 || n % 4 == 3) {
                hang(s, 32);
            } else if (n % 4 == 0) {
                s.all = 232;
                s.allLate = 32;
            }
        });
        // The second in which it became known that they were late is one, the one in which they ended is none.
        assertThat(run.engine.events())
                .filteredOn(event -> event.text().contains("all traffic is"))
                .allMatch(event -> event.text().contains("(1 of 3 polls"))
                .hasSize(5);
    }

    @Test
    void aSuccessRateOfAServiceThatNoLongerAnswersCannotBeJudged() {
        SimulatedRun run = run(plan(SLO), (s, n) -> {
            if (n > 5) {
                hang(s, 32);
            }
        });
        assertThat(verdict(run).reason()).isEqualTo(Reason.NOT_ANSWERED);
        assertThat(verdict(run).exitCode()).isEqualTo(2);
        assertThat(verdict(run).explanation())
                .contains("checkout_success_rate >= 0.95 over all traffic: no answer in 14 polls")
                .contains("29 or more requests waited");
        assertThat(verdict(run).recovered()).isTrue();
        assertThat(run.engine.results())
                .filteredOn(result -> result.phase() == Phase.INJECTION)
                .extracting(PhaseResult::finding)
                .containsOnly(Finding.UNDECIDED);
    }

    @Test
    void noOtherThanTheCohortMayHang() {
        SimulatedRun run = run(plan(SLO), (s, n) -> {
            if (n > 12) {
                s.exposed = 0;
                s.exposedInFlight = 5;
            }
        });
        assertThat(verdict(run).reason()).isEqualTo(Reason.NOT_ANSWERED);
        assertThat(verdict(run).explanation()).contains("in the exposed cohort: no answer");
    }

    @Test
    void whoGivesUpInTheEndWasNotServedAllTheTime() {
        SimulatedRun run = run(plan(SLO), (s, n) -> {
            if (n == 10) {
                s.all = 32;
                s.allFailing = 32;
            } else if (n > 5) {
                hang(s, 32);
            }
        });
        assertThat(verdict(run).reason()).isEqualTo(Reason.SLO_BREACHED);
        assertThat(seconds(run)).isEqualTo(10);
    }

    @Test
    void answersThatCameAfterAllAreWhatTheyAre() {
        SimulatedRun run = run(plan(SLO), (s, n) -> {
            if (n <= 8) {
                hang(s, 200L * n);
            } else {
                s.inFlight = 1600;
                s.exposedInFlight = 80;
            }
        });
        assertThat(verdict(run).reason()).isEqualTo(Reason.HYPOTHESIS_HELD);
    }

    @Test
    void fewRequestsThatAlwaysTakeThatLongAreNoHang() {
        SimulatedRun run = new SimulatedRun(plan(SLO));
        int[] seconds = {0};
        Verdict verdict = run.run((phase, s) -> {
            s.touched = phase == Phase.INJECTION ? 4 : 0;
            boolean answer = ++seconds[0] % 5 == 0;
            s.all = answer ? 60 : 0;
            s.exposed = answer ? 10 : 0;
            s.inFlight = answer ? 0 : 60;
            s.exposedInFlight = answer ? 0 : 10;
        });
        assertThat(verdict.reason()).isEqualTo(Reason.HYPOTHESIS_HELD);
    }

    @Test
    void streamsThatWereOpenBeforeAreNotOverdue() {
        SimulatedRun run = new SimulatedRun(plan(P95, SLO));
        run.before.inFlight = 5000;
        run.before.exposedInFlight = 250;
        Verdict verdict = run.run((phase, s) -> {
            s.touched = phase == Phase.INJECTION ? 4 : 0;
            s.inFlight = 5000;
            s.exposedInFlight = 250;
        });
        assertThat(verdict.reason()).isEqualTo(Reason.HYPOTHESIS_HELD);
    }

    @Test
    void nobodyWhoAsksIsNoHang() {
        SimulatedRun run = run(plan(SLO, P95), (s, n) -> {
            if (n > 14) {
                hang(s, 0);
            }
        });
        assertThat(verdict(run).reason()).isEqualTo(Reason.HYPOTHESIS_HELD);
    }

    @Test
    void aServiceThatStillHangsHasNotRecovered() {
        Plan base = plan(SLO);
        Plan plan = new Plan(
                base.conditions(),
                base.services(),
                base.baseline(),
                base.baselineRequests(),
                base.baselineLimit(),
                base.injection(),
                Duration.ofSeconds(10),
                base.recoveryLimit(),
                base.timeout(),
                base.breachPolls(),
                base.spike(),
                base.lostPolls(),
                base.rollbackOn());
        SimulatedRun run = new SimulatedRun(plan);
        int[] seconds = {0};
        Verdict verdict = run.run((phase, s) -> {
            s.touched = phase == Phase.INJECTION ? 4 : 0;
            if (phase == Phase.RECOVERY && ++seconds[0] > 3) {
                hang(s, 32);
            }
        });
        assertThat(verdict.reason()).isEqualTo(Reason.NOT_RECOVERED);
    }

    @Test
    void whatIsOverdueIsTheLeastThatItCanBe() {
        long second = Duration.ofSeconds(1).toNanos();
        Waiting waiting = new Waiting(Duration.ofMillis(1500).toNanos());
        waiting.begin(0, counts(100, 10));
        waiting.look(second, 0, counts(150, 40));
        assertThat(waiting.overdue()).as("they are no older than 1 s").isZero();
        assertThat(waiting.unanswered()).isZero();
        waiting.look(2 * second, 0, counts(150, 60));
        assertThat(waiting.overdue())
                .as("those of before the phase do not count")
                .isZero();
        assertThat(waiting.unanswered()).isEqualTo(30);
        waiting.look(3 * second, 0, counts(155, 60));
        assertThat(waiting.overdue()).as("80 began by 1 s, 55 of all ended").isEqualTo(25);
        assertThat(waiting.overdueMicros()).isEqualTo(2e6);
        assertThat(waiting.answered()).isTrue();
        // Counts that took 0.6 s to read may be from 3.4 s: those of 2 s are not certainly older than 1.5 s.
        waiting.look(4 * second, 600_000_000, counts(160, 60));
        assertThat(waiting.overdue()).isEqualTo(20);
        assertThat(List.of(waiting.polls(), waiting.unanswered())).containsExactly(0, 0L);
    }

    private static RequestCounts counts(long requests, long inFlight) {
        return new RequestCounts(requests, requests, 0, 0, LatencyHistogram.EMPTY, inFlight);
    }
}
