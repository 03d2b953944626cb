package dev.mishap.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.text.RuleLine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuleSetTest {
    private static final long SECOND = 1_000_000_000L;

    private final HeaderSlots slots = new HeaderSlots();
    private final RuleSet.Scratch scratch = new RuleSet.Scratch();

    private RuleSet compile(String... lines) {
        List<FaultRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(RuleLine.parse(lines[i], "rule-" + i));
        }
        return RuleSet.compile(rules, 0, () -> 7, slots);
    }

    private FaultDecision decide(RuleSet set, FakeRequest request) {
        return decide(set, request, 0);
    }

    private FaultDecision decide(RuleSet set, FakeRequest request, long nanos) {
        return set.decide(request, nanos, nanos / 1_000_000, scratch);
    }

    private FakeRequest request() {
        return new FakeRequest(slots);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "reset when header x = 1                  | true",
                "reset when header x = 2                  | false",
                "reset when header x != 2                 | true",
                "reset when header y != 2                 | true",
                "reset when header y absent               | true",
                "reset when header x present              | true",
                "reset when not header x present          | false",
                "reset when header x in [1,2)             | true",
                "reset when header x in [2,9)             | false",
                "reset when header t ^= can               | true",
                "reset when header t $= ary               | true",
                "reset when header t *= nar               | true",
                "reset when header t ~ c.*y               | true",
                "reset when header t ~ c.*r               | false",
                "reset when path = /pay/1                 | true",
                "reset when path ^= /pay                  | true",
                "reset when path ^= /buy                  | false",
                "reset when method = POST,GET             | true",
                "reset when method = POST                 | false",
                "reset on listener in                     | true",
                "reset on listener out                    | false",
                "reset on cluster c on route r            | true",
                "reset on route other                     | false",
                "reset from 10.1.0.0/16                   | true",
                "reset from 10.2.0.0/16,::/0              | false",
                "reset when node = checkout               | true",
                "reset when node = other                  | false",
                "reset 0%                                 | false",
                "reset when header x = 1 and header t = q | false",
            })
    void scopesSelect(String line, boolean expected) {
        RuleSet set = compile(line);
        FakeRequest request = request()
                .with("x", "1")
                .with("t", "canary")
                .with("x-envoy-downstream-service-node", "checkout")
                .from("10.1.2.3");
        request.path = "/pay/1";
        assertThat(decide(set, request).isReset()).isEqualTo(expected);
        // And the same by the index, among rules that do not match.
        List<String> many = new ArrayList<>(List.of(line));
        for (int i = 0; i < 100; i++) {
            many.add("delay 1s when header z = %d and path ^= /z%d on listener l%d".formatted(i, i, i));
        }
        assertThat(decide(compile(many.toArray(String[]::new)), request).isReset())
                .isEqualTo(expected);
    }

    @Test
    void delaysAddUpTheSlowestRateCountsAndTheFirstTerminalWins() {
        RuleSet set = compile(
                "delay 100ms",
                "delay 50ms priority -1",
                "rate-limit 64KiB/s",
                "rate-limit 16KiB/s",
                "abort 500 priority 2",
                "abort 503 priority 1",
                "reset priority 3");
        FaultDecision decision = decide(set, request());
        assertThat(decision.delayNanos()).isEqualTo(150_000_000);
        assertThat(decision.bytesPerSecond()).isEqualTo(16 * 1024);
        assertThat(decision.abort()).isEqualTo(Abort.http(503));
        assertThat(decision.touchedCount()).isEqualTo(5);
        assertThat(set.status("rule-4").suppressed()).containsEntry(Suppression.SUPERSEDED, 1L);
        assertThat(set.status("rule-4").touched()).isZero();
        assertThat(set.status("rule-4").drawn()).isEqualTo(1);
    }

    @Test
    void rulesOfOnePriorityActInTheOrderOfTheirNames() {
        RuleSet set = compile("abort 501 as b", "abort 502 as a", "abort 503 as c");
        assertThat(decide(set, request()).abort()).isEqualTo(Abort.http(502));
    }

    @Test
    void aResetLeavesNoResponseToSlowDown() {
        RuleSet set = compile("reset", "rate-limit 1KiB/s");
        assertThat(decide(set, request()).bytesPerSecond()).isZero();
        assertThat(set.status("rule-1").suppressed()).containsEntry(Suppression.SUPERSEDED, 1L);
    }

    @Test
    void twoRulesCannotHaveOneName() {
        assertThatThrownBy(() -> compile("reset as a", "abort 503 as a")).hasMessageContaining("'a'");
    }

    @Test
    void theSameSeedAndRequestsGiveTheSameFaults() {
        assertThat(pattern(42, false)).isEqualTo(pattern(42, false)).isNotEqualTo(pattern(43, false));
        assertThat(pattern(42, true)).isEqualTo(pattern(42, true));
    }

    private String pattern(long seed, boolean keyed) {
        RuleSet set = compile("abort 503 40% seed " + seed);
        StringBuilder pattern = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            FakeRequest request =
                    request().with("x-request-id", keyed ? "user-" + i % 17 : "random-" + new Random().nextLong());
            request.generated = !keyed;
            pattern.append(decide(set, request).isNone() ? '.' : 'X');
        }
        return pattern.toString();
    }

    @Test
    void theNumberOfWorkersDoesNotMatter() throws Exception {
        Map<String, Integer> alone = touchesByKey(1);
        assertThat(touchesByKey(4)).isEqualTo(alone);
    }

    private Map<String, Integer> touchesByKey(int threads) throws Exception {
        RuleSet set = compile("abort 503 30% seed 5");
        int keys = 200;
        AtomicInteger[] touched = new AtomicInteger[keys];
        for (int k = 0; k < keys; k++) {
            touched[k] = new AtomicInteger();
        }
        inParallel(threads, worker -> {
            RuleSet.Scratch own = new RuleSet.Scratch();
            for (int i = worker; i < 20_000; i += threads) {
                FakeRequest request = request().with("x-request-id", "k" + i % keys);
                if (!set.decide(request, 0, 0, own).isNone()) {
                    touched[i % keys].incrementAndGet();
                }
            }
        });
        Map<String, Integer> result = new java.util.TreeMap<>();
        for (int k = 0; k < keys; k++) {
            result.put("k" + k, touched[k].get());
        }
        return result;
    }

    private static void inParallel(int threads, java.util.function.IntConsumer work) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            CountDownLatch go = new CountDownLatch(1);
            List<Future<?>> futures = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int worker = t;
                futures.add(pool.submit(() -> {
                    go.await();
                    work.accept(worker);
                    return null;
                }));
            }
            go.countDown();
            for (Future<?> future : futures) {
                future.get(30, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdownNow();
        }
    }

    /** Over seeds, the counts have the binomial's mean and variance, and hits do not cluster. */
    @Test
    void countsAndRunsLookBinomial() {
        int seeds = 400;
        int n = 1000;
        double p = 0.4;
        double sum = 0;
        double squares = 0;
        double runs = 0;
        for (int seed = 0; seed < seeds; seed++) {
            RuleSet set = compile("abort 503 40% seed " + seed);
            int hits = 0;
            boolean last = false;
            for (int i = 0; i < n; i++) {
                boolean hit = !decide(set, request()).isNone();
                hits += hit ? 1 : 0;
                runs += i > 0 && hit != last ? 1 : 0;
                last = hit;
            }
            sum += hits;
            squares += (hits - n * p) * (hits - n * p);
        }
        // The standard error of the mean is sqrt(np(1-p)/seeds) = 0.77, that of the variance ratio sqrt(2/seeds) =
        // 0.07.
        assertThat(sum / seeds).isCloseTo(n * p, within(3.5));
        assertThat(squares / seeds / (n * p * (1 - p))).isCloseTo(1, within(0.3));
        assertThat(runs / seeds).isCloseTo((n - 1) * 2 * p * (1 - p), within(4.0));
    }

    @Test
    void theCohortIsTheSameForEveryRuleAndProxyAndHasItsSize() {
        String line = "reset cohort 5% by header x-user-id seeded PAY-503-2024-Q4";
        RuleSet here = compile(line);
        RuleSet there = compile("delay 1s cohort 5% by header x-user-id seeded PAY-503-2024-Q4 seed 99 as other");
        int in = 0;
        for (int user = 0; user < 20_000; user++) {
            FakeRequest request = request().with("x-user-id", "user-" + user);
            boolean touched = !decide(here, request).isNone();
            assertThat(!decide(there, request).isNone()).isEqualTo(touched);
            assertThat(!decide(here, request).isNone()).as("sticky").isEqualTo(touched);
            in += touched ? 1 : 0;
        }
        assertThat(in).isBetween(1000 - 125, 1000 + 125); // four standard deviations of binomial(20000, 5 %)
        assertThat(decide(here, request()).isNone()).as("no key, no cohort").isTrue();
    }

    @Test
    void percentageIsOfTheCohort() {
        RuleSet set = compile("abort 503 40% cohort 5% by header u seed 1 as r");
        for (int i = 0; i < 100_000; i++) {
            decide(set, request().with("u", "user-" + i));
        }
        RuleStatus status = set.status("r");
        assertThat(status.scoped()).isEqualTo(100_000);
        assertThat(status.cohort()).isBetween(4700L, 5300L);
        assertThat(status.touched()).isBetween(1840L, 2160L);
    }

    @Test
    void theCapHoldsWhateverThePercentage() throws Exception {
        RuleSet set = compile("reset max 5% as r");
        AtomicInteger requests = new AtomicInteger();
        inParallel(4, worker -> {
            RuleSet.Scratch own = new RuleSet.Scratch();
            for (int i = 0; i < 5_000; i++) {
                set.decide(request(), 5 * SECOND, 0, own);
                requests.incrementAndGet();
            }
        });
        RuleStatus status = set.status("r");
        assertThat(status.touched()).isLessThanOrEqualTo(1000).isGreaterThan(900);
        assertThat(status.suppressed().get(Suppression.CAP)).isEqualTo(20_000 - status.touched());
    }

    @Test
    void theCapAllowsTheFirstAndThenItsShare() {
        RuleSet set = compile("reset max 5%");
        for (int i = 1; i <= 1000; i++) {
            boolean touched = !decide(set, request()).isNone();
            assertThat(touched).as("request %d", i).isEqualTo(i % 20 == 1);
        }
    }

    @Test
    void theCapForgetsWhatIsOlderThanItsWindow() {
        RuleSet set = compile("reset max 10%");
        for (int i = 0; i < 100; i++) {
            decide(set, request(), 0);
        }
        assertThat(set.status("rule-0").touched()).isEqualTo(10);
        assertThat(decide(set, request(), 9 * SECOND).isNone()).isFalse();
        assertThat(decide(set, request(), 9 * SECOND).isNone()).isTrue();
        // Ten seconds on the hundred are forgotten; two of the last second remain, one of them touched.
        assertThat(decide(set, request(), 10 * SECOND).isNone()).isTrue();
        assertThat(decide(set, request(), 30 * SECOND).isNone()).isFalse();
    }

    @Test
    void anExperimentsRulesShareItsCapAndARequestCountsOnce() {
        RuleSet set = compile("delay 1s max 10% experiment e as a", "abort 503 max 10% experiment e as b");
        int touched = 0;
        for (int i = 0; i < 1000; i++) {
            FaultDecision decision = decide(set, request());
            touched += decision.isNone() ? 0 : 1;
            assertThat(decision.touchedCount()).isIn(0, 2);
        }
        assertThat(touched).isEqualTo(100);
    }

    @Test
    void concurrencyIsLimitedAndGivenBack() {
        RuleSet set = compile("delay 1s max 2 concurrent as r");
        FaultDecision first = decide(set, request());
        FaultDecision second = decide(set, request());
        assertThat(decide(set, request()).isNone()).isTrue();
        assertThat(set.status("r").activeFaults()).isEqualTo(2);
        first.release();
        first.release();
        assertThat(decide(set, request()).isNone()).isFalse();
        assertThat(decide(set, request()).isNone()).isTrue();
        second.release();
        assertThat(set.status("r").suppressed()).containsEntry(Suppression.CONCURRENCY, 2L);
    }

    @Test
    void theRateHoldsInEverySecond() {
        RuleSet set = compile("reset max 10/s as r");
        List<Long> touches = new ArrayList<>();
        for (long t = 0; t < 5 * SECOND; t += SECOND / 200) {
            if (!decide(set, request(), t).isNone()) {
                touches.add(t);
            }
        }
        for (int i = 10; i < touches.size(); i++) {
            assertThat(touches.get(i) - touches.get(i - 10)).isGreaterThanOrEqualTo(SECOND);
        }
        assertThat(touches).hasSizeBetween(45, 50);
    }

    @Test
    void aRuleEndsWithItsTtlAndItsSchedule() {
        RuleSet set = compile("reset for 2s as r", "delay 1s until 1970-01-01T00:00:01Z as s");
        assertThat(decide(set, request(), 2 * SECOND - 1).isReset()).isTrue();
        assertThat(decide(set, request(), 2 * SECOND).isReset()).isFalse();
        assertThat(set.status("r").suppressed()).containsEntry(Suppression.SCHEDULE, 1L);
        assertThat(set.status("s").suppressed()).containsEntry(Suppression.SCHEDULE, 2L);
    }

    @Test
    void aRampGrowsInAStraightLine() {
        RuleSet set = compile("reset 80% ramp 100s as r");
        for (int part = 0; part < 5; part++) {
            long before = set.status("r").touched();
            long t = (25L * part) * SECOND;
            for (int i = 0; i < 10_000; i++) {
                decide(set, request(), t);
            }
            assertThat((set.status("r").touched() - before) / 10_000.0).isCloseTo(0.8 * part / 4, within(0.03));
        }
    }

    @Test
    void aReplacedRuleGoesOnWithItsCountsAndDraws() {
        RuleSet first = compile("reset 10% max 3 concurrent seed 1 as r", "reset 0% as gone");
        FaultDecision open = FaultDecision.NONE;
        while (open.isNone()) {
            open = decide(first, request().with("no", "t"));
        }
        long scoped = first.status("r").scoped();
        InstalledRule raised = InstalledRule.of(RuleLine.parse("reset 20% max 3 concurrent seed 1", "r"), 5, () -> 0);
        RuleSet second = RuleSet.compile(List.of(raised), first, slots);
        decide(second, request());
        assertThat(second.status("r").scoped()).isEqualTo(scoped + 1);
        assertThat(second.status("gone")).isNull();
        long active = second.status("r").activeFaults();
        open.release();
        assertThat(second.status("r").activeFaults()).isEqualTo(active - 1);
        InstalledRule other = InstalledRule.of(RuleLine.parse("reset experiment e", "r"), 5, () -> 0);
        assertThat(RuleSet.compile(List.of(other), second, slots).status("r").scoped())
                .isZero();
    }

    /** The index must never change an answer: it is compared with asking every rule. */
    @Test
    void theIndexFindsWhatALinearScanFinds() {
        for (int seed = 0; seed < 30; seed++) {
            Random random = new Random(seed);
            List<FaultRule> rules = new ArrayList<>();
            for (int i = 0; i < 70; i++) {
                rules.add(FaultRule.of("r" + i, randomScope(random), Percentage.FULL, SOME_FAULT));
            }
            RuleSet indexed = RuleSet.compile(rules, 0, () -> 0, slots);
            for (int n = 0; n < 200; n++) {
                FakeRequest request =
                        request().with("a", "" + random.nextInt(4)).with("b", "" + random.nextInt(4));
                request.path = "/" + "ab".charAt(random.nextInt(2)) + "/" + random.nextInt(3);
                request.cluster = "c" + random.nextInt(3);
                request.listener = "l" + random.nextInt(3);
                request.route = random.nextBoolean() ? null : "r" + random.nextInt(3);
                request.from(
                        random.nextInt(4) == 0 ? "fd01::1" : "10.0." + random.nextInt(3) + "." + random.nextInt(6));
                List<String> expected = rules.stream()
                        .filter(r -> ScopeMatcher.compile(r.scope(), slots).matches(request))
                        .map(FaultRule::name)
                        .toList();
                FaultDecision decision = decide(indexed, request);
                List<String> found = new ArrayList<>();
                for (int i = 0; i < decision.touchedCount(); i++) {
                    found.add(decision.touched(i).name());
                }
                assertThat(found).as("seed %d", seed).containsExactlyInAnyOrderElementsOf(expected);
            }
        }
    }

    private static final Fault SOME_FAULT = new dev.mishap.rules.fault.Delay(java.time.Duration.ofMillis(1));

    private static Scope randomScope(Random random) {
        String[] conditions = {
            "when header a = " + random.nextInt(4),
            "when header b != " + random.nextInt(4),
            "when header a ^= " + random.nextInt(4),
            "when header b $= " + random.nextInt(4) + " and path ^= /a",
            "when path $= /" + random.nextInt(3),
            "when header a ~ [0-2]",
            "when path = /a/" + random.nextInt(3),
            "when path ^= /" + "ab".charAt(random.nextInt(2)),
            "when path ^= /a/" + random.nextInt(3),
            "on listener l" + random.nextInt(3) + ",l" + random.nextInt(3),
            "on cluster c" + random.nextInt(3),
            "on route r" + random.nextInt(3) + " on cluster c1,c2",
            "when path *= a/" + random.nextInt(3),
            "when path ~ /[ab]/" + random.nextInt(3),
            "when path ~ .*" + random.nextInt(3) + "? on cluster c" + random.nextInt(3),
            "when header a *= " + random.nextInt(4),
            "from 10.0." + random.nextInt(3) + ".0/24",
            "from 10.0.0.0/8,fd00::/" + (8 + random.nextInt(9)),
            "when path ^= / from 10.0.1.0/30",
            "when path ^= /b and header a = 1 and header b = 2",
            "",
        };
        return RuleLine.parse("reset " + conditions[random.nextInt(conditions.length)], "x")
                .scope();
    }

    @Test
    void aRequestThatNothingTouchesCostsNoMemory() {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            lines.add("abort 503 when header x-tenant = t%d".formatted(i));
            lines.add("abort 503 when path ^= /api/v%d/".formatted(i));
        }
        lines.add("delay 1s 0%");
        lines.add("reset cohort 0% by header u");
        RuleSet set = compile(lines.toArray(String[]::new));
        FakeRequest request =
                request().with("x-tenant", "other").with("x-request-id", "abc").with("u", "1");
        request.path = "/api/w";
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        for (int i = 0; i < 2_000; i++) {
            assertThat(decide(set, request)).isSameAs(FaultDecision.NONE);
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        boolean none = true;
        for (int i = 0; i < 10_000; i++) {
            none &= set.decide(request, 0, 0, scratch) == FaultDecision.NONE;
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(none).isTrue();
        assertThat(allocated).isLessThan(10_000);
    }
}
