package dev.mishap.benchmarks;

import dev.mishap.rules.ConnectionDecision;
import dev.mishap.rules.ConnectionView;
import dev.mishap.rules.FaultDecision;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.HeaderSlots;
import dev.mishap.rules.QuestionDecision;
import dev.mishap.rules.QuestionView;
import dev.mishap.rules.RequestView;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.text.RuleLine;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
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
 * What the rules cost a request, a connection and a DNS question: one that no rule is for, one that the last rule is for but whose draw
 * says no (a percentage), and one that is touched. Run: {@code benchmarks/jmh RuleSetBenchmark -prof gc}.
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

    /**
     * What every rule has one of its own of: a path, a header's value, a prefix or suffix of one, a part of the path, a regex of it, a range of
     * sources. Rules of connections and questions have a server name or name: exact for {@code path} and {@code header}, else its end, a part of it,
     * a regex; or a range.
     */
    @Param({"path", "header", "headerPrefix", "headerSuffix", "pathContains", "pathRegex", "source"})
    public String scope = "path";

    private final HeaderSlots slots = new HeaderSlots();
    private final RuleSet.Scratch scratch = new RuleSet.Scratch();
    private Request none = new Request("/none", "none");
    private Request drawn = new Request("/drawn", "drawn");
    private Request aborted = new Request("/aborted", "aborted");
    private RuleSet set = RuleSet.EMPTY;
    private RuleSet connections = RuleSet.EMPTY;
    private RuleSet questions = RuleSet.EMPTY;

    @Setup
    public void compile() {
        if (scope.equals("pathContains") || scope.equals("pathRegex")) {
            none = new Request("/v1/none/orders/4711?page=2", "none");
            drawn = new Request("/v1/drawn/orders/4711?page=2", "drawn");
            aborted = new Request("/v1/aborted/orders/4711?page=2", "aborted");
        }
        set = RuleSet.compile(all("abort 503", this::when), 0, () -> 7, slots);
        connections = RuleSet.compile(all("refuse", word -> whenName("sni", word)), 0, () -> 7, new HeaderSlots());
        questions = RuleSet.compile(all("dns nxdomain", word -> whenName("name", word)), 0, () -> 7, new HeaderSlots());
    }

    private List<FaultRule> all(String fault, UnaryOperator<String> when) {
        List<FaultRule> all = new ArrayList<>();
        for (int i = 2; i < rules; i++) {
            all.add(RuleLine.parse(fault + " 10% " + when.apply("p" + i), "rule-" + i));
        }
        all.add(RuleLine.parse(fault + " 0.0001% " + when.apply("drawn"), "drawn"));
        if (rules > 1) {
            all.add(RuleLine.parse(fault + " " + when.apply("aborted"), "aborted"));
        }
        return all;
    }

    private String when(String word) {
        return switch (scope) {
            case "path" -> "when path = /" + word;
            case "header" -> "when header x-tier = " + word;
            case "headerPrefix" -> "when header x-tier ^= " + word;
            case "pathContains" -> "when path *= /" + word + "/";
            case "pathRegex" -> "when path ~ /v[0-9]+/" + word + "/.*";
            case "source" -> "from " + range(word);
            default -> "when header x-tier $= " + word;
        };
    }

    private String whenName(String condition, String word) {
        switch (scope) {
            case "pathContains" -> {
                return "when " + condition + " *= ." + word + ".";
            }
            case "pathRegex" -> {
                return "when " + condition + " ~ [a-z]+[.]" + word + "\\.internal";
            }
            case "source" -> {
                return "from " + range(word);
            }
            default -> {
                // below
            }
        }
        boolean exact = scope.equals("path") || scope.equals("header");
        return "when " + condition + (exact ? " = db." + word + ".internal" : " $= ." + word + ".internal");
    }

    /** A range for each word; requests, connections and questions come from that of {@code drawn}, {@code aborted} or none. */
    private static String range(String word) {
        return switch (word) {
            case "drawn" -> "10.255.1.0/24";
            case "aborted" -> "10.255.2.0/24";
            default -> {
                int n = Integer.parseInt(word.substring(1));
                yield "10." + (n >> 8) + "." + (n & 255) + ".0/" + (n % 2 == 0 ? 24 : 25);
            }
        };
    }

    private static InetAddress address(String word) {
        return dev.mishap.rules.fault.DnsFault.literal(
                word.equals("drawn") ? "10.255.1.7" : word.equals("aborted") ? "10.255.2.7" : "10.250.0.7");
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

    @Benchmark
    public ConnectionDecision connectionForNone() {
        return connections.decide(new Connection("db.none.internal"), 1, 1);
    }

    @Benchmark
    public ConnectionDecision connectionRefused() {
        ConnectionDecision decision = connections.decide(new Connection("db.aborted.internal"), 1, 1);
        decision.release();
        return decision;
    }

    @Benchmark
    public QuestionDecision questionForNone() {
        return questions.decide(new Question("db.none.internal"), 1, 1);
    }

    @Benchmark
    public QuestionDecision questionAnswered() {
        QuestionDecision decision = questions.decide(new Question("db.aborted.internal"), 1, 1);
        decision.release();
        return decision;
    }

    private record Connection(String serverName, InetAddress sourceAddress) implements ConnectionView {
        Connection(String serverName) {
            this(serverName, address(serverName.split("[.]")[1]));
        }

        @Override
        public String listener() {
            return "in";
        }

        @Override
        public String cluster() {
            return "db";
        }

        @Override
        public @Nullable InetAddress destinationAddress() {
            return InetAddress.getLoopbackAddress();
        }

        @Override
        public int destinationPort() {
            return 5432;
        }
    }

    private record Question(String name, InetAddress sourceAddress) implements QuestionView {
        Question(String name) {
            this(name, address(name.split("[.]")[1]));
        }

        @Override
        public String listener() {
            return "in";
        }

        @Override
        public @Nullable String cluster() {
            return null;
        }

        @Override
        public String type() {
            return "A";
        }
    }

    private record Request(String path, String tier, InetAddress sourceAddress) implements RequestView {
        Request(String path, String tier) {
            this(path, tier, address(tier));
        }

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
        public boolean requestIdGenerated() {
            return false;
        }
    }
}
