package dev.mishap.control.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.engine.Event;
import dev.mishap.rules.experiment.engine.Phase;
import dev.mishap.rules.experiment.engine.Reason;
import dev.mishap.rules.experiment.engine.TimelinePoint;
import dev.mishap.rules.yaml.RuleReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ExperimentRunTest {
    private static final String TEXT = """
            apiVersion: mishap.dev/v1
            kind: Experiment
            metadata: {name: payments}
            spec:
              targets: [payment-gateway]
              faults:
                - target: payment-gateway
                  percentage: 40
                  fault: {abort: {httpStatus: 503}}
              duration: 400ms
              baseline: {duration: 100ms, minRequests: 100}
              recovery: {for: 60ms, within: 2s}
              poll: 20ms
              slos: [checkout_success_rate >= 0.95]
            """;

    private final HttpClient http = HttpClient.newHttpClient();
    private final List<String> told = Collections.synchronizedList(new ArrayList<>());
    private FakeProxy payment;
    private FakeProxy checkout;

    @BeforeEach
    void start() throws IOException {
        payment = new FakeProxy();
        checkout = new FakeProxy();
    }

    @AfterEach
    void stop() {
        payment.close();
        checkout.close();
    }

    static Experiment experiment(String text) {
        RuleReader.Result result = RuleReader.read(text, "test");
        assertThat(result.problems()).isEmpty();
        return result.experiments().get(0);
    }

    /** One proxy in both places, so that what it touches shows in what it observes. */
    private RunPlan plan() {
        return RunPlan.of(experiment(TEXT), options(Map.of("checkout", List.of(payment.address()))));
    }

    private RunOptions options(Map<String, List<URI>> observed) {
        return new RunOptions(Map.of("payment-gateway", List.of(payment.address())), observed, null, Map.of(), null, 1);
    }

    private ExperimentRun run(RunPlan plan) {
        return new ExperimentRun(plan, http, new RunListener() {
            @Override
            public void event(Event event) {
                told.add(event.text());
            }

            @Override
            public void notice(String text) {
                told.add(text);
            }

            @Override
            public void polled(Phase phase, TimelinePoint point, long nanosToPhaseEnd) {}
        });
    }

    @Test
    void aHypothesisThatHolds() {
        RunResult result = run(plan()).run();
        assertThat(result.verdict().reason()).as("%s", told).isEqualTo(Reason.HYPOTHESIS_HELD);
        assertThat(result.faults().touched()).isPositive();
        assertThat(result.timeline())
                .extracting(TimelinePoint::phase)
                .contains(Phase.BASELINE, Phase.INJECTION, Phase.RECOVERY);
        assertThat(payment.rules()).isZero();
        assertThat(payment.observers()).isZero();
    }

    @Test
    void aDryRunTouchesNothingAndCountsWhatItWouldHave() {
        RunOptions real = options(Map.of("checkout", List.of(payment.address())));
        RunResult result = run(RunPlan.of(
                        experiment(TEXT),
                        new RunOptions(real.targets(), real.observed(), null, Map.of(), null, 1, true)))
                .run();
        assertThat(result.verdict().reason()).as("%s", told).isEqualTo(Reason.HYPOTHESIS_HELD);
        assertThat(result.faults().touched()).isPositive();
        assertThat(payment.dryRuns).isPositive();
    }

    @Test
    void aBreachIsRolledBack() {
        payment.faultsHurt = true;
        RunResult result = run(plan()).run();
        assertThat(result.verdict().reason()).as("%s", told).isEqualTo(Reason.SLO_BREACHED);
        assertThat(result.verdict().explanation()).contains("exposed cohort");
        assertThat(result.verdict().recovered()).isTrue();
        assertThat(payment.rules()).isZero();
    }

    @Test
    void aSickSystemIsLeftAlone() {
        payment.sick = true;
        RunResult result = run(plan()).run();
        assertThat(result.verdict().reason()).as("%s", told).isEqualTo(Reason.NOT_IN_STEADY_STATE);
        assertThat(payment.requests).doesNotContain("PUT rules");
    }

    @Test
    void nothingTouched() {
        payment.touchesNothing = true;
        assertThat(run(plan()).run().verdict().reason()).isEqualTo(Reason.NO_REQUEST_TOUCHED);
    }

    @Test
    void aRefusedRuleNamesTheField() {
        payment.refusesRules = true;
        RunResult result = run(plan()).run();
        assertThat(result.verdict().reason()).isEqualTo(Reason.RULE_REFUSED);
        assertThat(result.verdict().explanation()).contains("spec.fault: not here");
    }

    @Test
    void lostMetricsTakeTheFaultsBack() {
        payment.losesObserverWithRules = true;
        RunResult result = run(plan()).run();
        assertThat(result.verdict().reason()).isEqualTo(Reason.LOST_METRICS);
        assertThat(payment.rules()).isZero();
    }

    @Test
    void aProxyThatIsNotThereIsNoHang() {
        payment.close();
        RunResult result = run(plan()).run();
        assertThat(result.verdict().reason()).isEqualTo(Reason.LOST_CONTACT);
        assertThat(result.verdict().exitCode()).isEqualTo(2);
    }

    @Test
    void theLeaseOfTheRulesIsRenewedAndItsLossEndsTheRun() {
        payment.refusesRenewal = true;
        RunPlan plan = RunPlan.of(
                experiment(TEXT.replace("400ms", "20s")), options(Map.of("checkout", List.of(payment.address()))));
        RunResult result = run(plan).run();
        assertThat(result.verdict().reason()).isEqualTo(Reason.LOST_CONTACT);
        assertThat(result.verdict().explanation()).contains("lease");
    }

    @Test
    void anInterruptTakesTheFaultsBack() throws Exception {
        RunPlan plan = RunPlan.of(
                experiment(TEXT.replace("400ms", "20s")), options(Map.of("checkout", List.of(payment.address()))));
        ExperimentRun run = run(plan);
        CompletableFuture<RunResult> result = CompletableFuture.supplyAsync(run::run);
        FakeProxy.await(() -> payment.rules() > 0);
        run.interrupt();
        assertThat(result.get(5, TimeUnit.SECONDS).verdict().exitCode()).isEqualTo(130);
        assertThat(payment.rules()).isZero();
        assertThat(payment.observers()).isZero();
    }

    @Test
    void aSecondRunOfTheSameExperimentIsToldSo() throws Exception {
        RunPlan plan = RunPlan.of(
                experiment(TEXT.replace("400ms", "20s")), options(Map.of("checkout", List.of(payment.address()))));
        ExperimentRun first = run(plan);
        CompletableFuture<RunResult> running = CompletableFuture.supplyAsync(first::run);
        FakeProxy.await(() -> payment.rules() > 0);
        RunResult second = run(plan).run();
        assertThat(second.verdict().exitCode()).isEqualTo(2);
        assertThat(second.verdict().explanation()).contains("another run of experiment payments is in progress");
        assertThat(payment.rules()).isEqualTo(1);
        first.interrupt();
        running.get(5, TimeUnit.SECONDS);
    }

    @Test
    void targetAndObservedProxiesMayDiffer() {
        RunPlan plan = RunPlan.of(experiment(TEXT), options(Map.of("checkout", List.of(checkout.address()))));
        RunResult result = run(plan).run();
        // The fake behind payment-gateway counts touched requests only when it is observed.
        assertThat(result.verdict().reason()).isEqualTo(Reason.NO_REQUEST_TOUCHED);
        assertThat(checkout.requests).doesNotContain("PUT rules").contains("PUT observers");
        assertThat(payment.requests).contains("PUT rules", "PUT observers");
    }

    @Test
    void whatCannotBeResolvedIsNamedWithTheFlagThatWouldDo() {
        Experiment experiment = experiment(TEXT);
        URI any = URI.create("http://127.0.0.1:1");
        assertThatThrownBy(() -> RunPlan.of(experiment, new RunOptions(Map.of(), Map.of(), null, Map.of(), null, 1)))
                .hasMessageContaining("--target payment-gateway=");
        assertThatThrownBy(() -> RunPlan.of(experiment, options(Map.of("cart", List.of(any)))))
                .hasMessageContaining("--observe checkout=");
        assertThatThrownBy(() -> RunPlan.of(
                        experiment,
                        new RunOptions(
                                Map.of("payment-gateway", List.of(any), "typo", List.of(any)),
                                Map.of("checkout", List.of(any)),
                                null,
                                Map.of(),
                                null,
                                1)))
                .hasMessageContaining("--target typo");
        assertThatThrownBy(() -> RunPlan.of(
                        experiment,
                        new RunOptions(
                                Map.of("payment-gateway", List.of(any)),
                                Map.of(),
                                null,
                                Map.of("checkout_success_rate", "up"),
                                null,
                                1)))
                .hasMessageContaining("--prometheus");
    }

    @Test
    void theTimeScaleShortensPhasesOnly() {
        RunPlan plan = RunPlan.of(
                experiment(TEXT),
                new RunOptions(
                        Map.of("payment-gateway", List.of(payment.address())),
                        Map.of("checkout", List.of(payment.address())),
                        null,
                        Map.of(),
                        null,
                        0.1));
        assertThat(plan.plan().injection().toMillis()).isEqualTo(40);
        assertThat(plan.plan().baseline().toMillis()).isEqualTo(10);
        assertThat(plan.plan().recoveryStable().toMillis()).isEqualTo(6);
        assertThat(plan.plan().recoveryLimit().toSeconds()).isEqualTo(2);
        assertThat(plan.experiment().poll().toMillis()).isEqualTo(20);
    }
}
