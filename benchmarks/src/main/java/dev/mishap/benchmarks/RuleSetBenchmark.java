package dev.mishap.benchmarks;

import dev.mishap.rules.FaultDecision;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.HeaderSlots;
import dev.mishap.rules.RequestView;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.text.RuleLine;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the rules cost a request: one that no rule is for, one that the last rule is for but whose draw says no (a percentage),
 * and one that is aborted. Run: {@code benchmarks/jmh RuleSetBenchmark -prof gc}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@State(Scope.Thread)
public class RuleSetBenchmark {
    @Param({"1", "100", "1000"})
    public int rules;

    /** {@code path}: every rule for a path of its own, which an index finds. {@code header}: for a prefix of a header's value. */
    @Param({"path", "header"})
    public String scope = "path";

    private final HeaderSlots slots = new HeaderSlots();
    private final RuleSet.Scratch scratch = new RuleSet.Scratch();
    private final Request none = new Request("/none", "none");
    private final Request drawn = new Request("/drawn", "drawn");
    private final Request aborted = new Request("/aborted", "aborted");
    private RuleSet set = RuleSet.EMPTY;

    @Setup
    public void compile() {
        List<FaultRule> all = new ArrayList<>();
        for (int i = 2; i < rules; i++) {
            all.add(RuleLine.parse("abort 503 10% " + when("p" + i), "rule-" + i));
        }
        all.add(RuleLine.parse("abort 503 0.0001% " + when("drawn"), "drawn"));
        if (rules > 1) {
            all.add(RuleLine.parse("abort 503 " + when("aborted"), "aborted"));
        }
        set = RuleSet.compile(all, 0, () -> 7, slots);
    }

    private String when(String word) {
        return scope.equals("path") ? "when path = /" + word : "when header x-tier ^= " + word;
    }

    @Benchmark
    public FaultDecision forNone() {
        return set.decide(none, 1, 1, scratch);
    }

    @Benchmark
    public FaultDecision drawnNo() {
        return set.decide(drawn, 1, 1, scratch);
    }

    @Benchmark
    public FaultDecision aborted() {
        return set.decide(aborted, 1, 1, scratch);
    }

    private record Request(String path, String tier) implements RequestView {
        @Override
        public String listener() {
            return "in";
        }

        @Override
        public String cluster() {
            return "payments";
        }

        @Override
        public String route() {
            return "all";
        }

        @Override
        public String method() {
            return "GET";
        }

        @Override
        public String header(int slot) {
            return tier;
        }

        @Override
        public @Nullable InetAddress sourceAddress() {
            return null;
        }

        @Override
        public boolean requestIdGenerated() {
            return false;
        }
    }
}
