package dev.mishap.rules.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.CohortKey;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.RandomRules;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.RollbackTrigger;
import dev.mishap.rules.fault.Abort;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuleReaderTest {
    private static final String HEAD = "apiVersion: mishap.dev/v1\nkind: FaultRule\nmetadata: {name: r}\nspec:\n";
    private static final String FULL = """
            apiVersion: mishap.dev/v1
            kind: FaultRule
            metadata: {name: canary-503, labels: {team: pay}}
            spec:
              experimentId: PAY-503-2024-Q4
              priority: 3
              scope:
                listeners: [in]
                methods: [GET]
                path: {prefix: /pay}
                headers:
                  - {name: X-User-Tier, exact: canary}
                  - {name: x-n, range: {start: 1, end: 5}, invert: true}
                source: {cidrs: [10.0.0.0/8], nodes: [checkout]}
                cohort: {percent: 5, seed: PAY-503-2024-Q4, key: {header: X-User-Id}}
              percentage: 40
              fault: {abort: {httpStatus: 503, body: sorry}}
              limits: {maxTrafficPercent: 5, maxConcurrent: 10, maxPerSecond: 50}
              schedule:
                start: 2026-01-01T00:00:00Z
                windows: [{days: [mon, fri], from: 09:00, to: 17:30, zone: Europe/Berlin}]
                ramp: {over: 30s}
              ttl: 2m
              seed: 42
              tag: {responseHeader: X-Chaos-Experiment, baggage: true}
            """;

    private static FaultRule only(String text) {
        RuleReader.Result result = RuleReader.readRule(text, "rule.yaml");
        assertThat(result.problems()).isEmpty();
        return result.rules().get(0);
    }

    private static List<String> problems(String text) {
        return RuleReader.read(text, "f.yaml").problems().stream()
                .map(Problem::toString)
                .toList();
    }

    @Test
    void readsEveryFieldOfARule() {
        FaultRule rule = only(FULL);
        assertThat(rule.name()).isEqualTo("canary-503");
        assertThat(rule.labels()).containsEntry("team", "pay");
        assertThat(rule.experimentId()).isEqualTo("PAY-503-2024-Q4");
        assertThat(rule.priority()).isEqualTo(3);
        assertThat(rule.scope().listeners()).containsExactly("in");
        assertThat(rule.scope().headers()).hasSize(2);
        assertThat(rule.scope().headers().get(0).name()).isEqualTo("x-user-tier");
        assertThat(rule.scope().cohort().percent()).isEqualTo(Percentage.ofPercent(5));
        assertThat(rule.scope().cohort().key()).isEqualTo(CohortKey.header("x-user-id"));
        assertThat(rule.percentage()).isEqualTo(Percentage.ofPercent(40));
        assertThat(rule.fault()).isEqualTo(Abort.http(503, "sorry"));
        assertThat(rule.limits().maxConcurrent()).isEqualTo(10);
        assertThat(rule.schedule().windows()).hasSize(1);
        assertThat(rule.ttl()).isEqualTo(Duration.ofMinutes(2));
        assertThat(rule.seed()).isEqualTo(42);
        assertThat(rule.tag().responseHeader()).isEqualTo("x-chaos-experiment");
    }

    @Test
    void readsJsonWithTabsAndEscapes() {
        FaultRule rule = only(
                "{\n\t\"apiVersion\": \"mishap.dev/v1\", \"kind\": \"FaultRule\",\n\t\"metadata\": {\"name\": \"r\"},\n"
                        + "\t\"spec\": {\"percentage\": 12.5, \"fault\": {\"abort\": {\"httpStatus\": 500, \"body\": \"a\\/b\\ud83d\\ude00\"}}}}");
        assertThat(rule.fault()).isEqualTo(Abort.http(500, "a/b😀"));
        assertThat(rule.percentage()).isEqualTo(Percentage.parse("12.5"));
    }

    @Test
    void readsSeveralDocumentsOfBothKinds() {
        RuleReader.Result result = RuleReader.read(FULL + "---\n" + """
                apiVersion: mishap.dev/v1
                kind: Experiment
                metadata: {name: e1, namespace: staging}
                spec:
                  targets: [payment-gateway]
                  faults: [{percentage: 40, fault: {abort: {httpStatus: 503}}}]
                  blastRadius: 20
                  slos:
                    - checkout_success_rate >= 0.95
                    - {metric: lag, comparator: "<=", threshold: 450, query: max(lag)}
                  autoRollback: {on: [SLO_BREACH]}
                """, "f.yaml");
        assertThat(result.problems()).isEmpty();
        assertThat(result.rules()).hasSize(1);
        Experiment experiment = result.experiments().get(0);
        assertThat(experiment.targets()).containsExactly("payment-gateway");
        assertThat(experiment.id()).isEqualTo("e1");
        assertThat(experiment.slos()).hasSize(2);
        assertThat(experiment.autoRollback().on()).containsExactly(RollbackTrigger.SLO_BREACH);
        assertThat(experiment.recovery()).isEqualTo(Experiment.Recovery.DEFAULT);
    }

    @Test
    void namesAreTextWhateverYamlWouldMakeOfThem() {
        FaultRule rule = only(HEAD
                + "  scope: {headers: [{name: country, exact: no}, {name: n, exact: 012}]}\n  fault: {reset: {}}\n");
        assertThat(rule.scope().headers().get(0).value().text()).isEqualTo("no");
        assertThat(rule.scope().headers().get(1).value().text()).isEqualTo("012");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = true,
            value = {
                "  fault: {abort: {httpStatus: 99}}            | f.yaml:5:18: spec.fault.abort: httpStatus must be from 200 to 599, got 99",
                "  fault: {abort: {httpStatus: abc}}           | f.yaml:5:31: spec.fault.abort.httpStatus: expected an integer, found 'abc'",
                "  fault: {abort: {}}                          | f.yaml:5:18: spec.fault.abort: expected exactly one of httpStatus, grpcStatus, found none",
                "  fault: {abort: {httpStatus: 500, grpcStatus: 14}} | f.yaml:5:18: spec.fault.abort: expected exactly one of httpStatus, grpcStatus, found httpStatus and grpcStatus",
                "  fault: {delay: {fixed: 100}}                | f.yaml:5:26: spec.fault.delay.fixed: expected a duration such as 100ms, 2s or 1h30m, got '100'",
                "  fault: {delay: {fixed: 0s}}                 | f.yaml:5:18: spec.fault.delay: fixed must be more than 0s and at most 24h",
                "  fault: {reset: {}, delay: {fixed: 1s}}      | f.yaml:5:10: spec.fault: expected exactly one of abort, delay, responseRateLimit, reset, refuse, blackHole, timeout, flap, connectionLimit, exhaustPool, connectDelay, latency, bandwidth, slice, limitData, corrupt, close, connectionReset, halfOpen, slowClose, partition, dns, found delay and reset",
                "  fault: {latency: {fixed: 1s, jitter: 2s}}   | f.yaml:5:20: spec.fault.latency: jitter must be from 0s to fixed",
                "  fault: {latency: {fixed: 1s, direction: up}} | f.yaml:5:43: spec.fault.latency.direction: expected one of both, toUpstream, toDownstream, found 'up'",
                "  fault: {corrupt: {pattern: ff, percentage: 1}} | f.yaml:5:20: spec.fault.corrupt: expected exactly one of percentage, pattern, found percentage and pattern",
                "  fault: {slice: {bytes: 4, variation: 4}}    | f.yaml:5:18: spec.fault.slice: variation must be from 0 to less than bytes, got 4",
                "  fault: {dns: {address: [db.internal]}}      | f.yaml:5:27: spec.fault.dns.address[0]: expected an IP address, got 'db.internal'",
                "  fault: {dns: {drop: false}}                 | spec.fault.dns: drop can only be true",
                "  fault: {close: {afterBytes: 5, after: 1s}}  | spec.fault.close: only one of afterBytes and after can be set",
                "  {scope: {headers: [{name: a, present: true}]}, fault: {refuse: {}}} | f.yaml:1:1: scope.headers cannot be told of a connection, which refuse acts on",
                "  {scope: {destination: {ports: [70000]}}, fault: {refuse: {}}} | spec.scope.destination: ports must be from 1 to 65535",
                "  {scope: {question: {types: [BOGUS]}}, fault: {dns: {drop: true}}} | spec.scope.question: expected a record type such as A, AAAA or TYPE65, got 'BOGUS'",
                "  {fualt: {reset: {}}}                        | f.yaml:5:4: spec.fualt: unknown field; did you mean 'fault'?",
                "  {percentage: 140, fault: {reset: {}}}       | f.yaml:5:16: spec.percentage: must be from 0 to 100 %, got 140 %",
                "  {percentage: [1], fault: {reset: {}}}       | f.yaml:5:16: spec.percentage: expected a percentage from 0 to 100, such as 40 or 0.5, found a list",
                "  {ttl: , fault: {reset: {}}}                 | f.yaml:5:8: spec.ttl: expected a duration such as 100ms, 2s or 1h30m, found nothing",
                "  {seed: 1, seed: 2, fault: {reset: {}}}      | f.yaml:5:13: spec.seed: is given twice, first in line 5",
                "  {scope: {path: {regex: '['}}, fault: {reset: {}}} | f.yaml:5:26: spec.scope.path.regex: regex is not RE2 syntax",
                "  {scope: {headers: {}}, fault: {reset: {}}}  | f.yaml:5:21: spec.scope.headers: expected a list, found a mapping",
                "  {scope: {methods: []}, fault: {reset: {}}}  | f.yaml:5:21: spec.scope.methods: must not be empty",
                "  {scope: {source: {cidrs: [10.0.0.0/40]}}, fault: {reset: {}}} | f.yaml:5:29: spec.scope.source.cidrs[0]: expected an address range such as 10.0.0.0/8 or fd00::/8, got '10.0.0.0/40'",
                "  {scope: {cohort: {percent: 5, key: {traceId: false}}}, fault: {reset: {}}} | traceId can only be true",
                "  {limits: {maxConcurrent: 0}, fault: {reset: {}}} | f.yaml:5:28: spec.limits.maxConcurrent: must be from 1 to 2147483647, got 0",
                "  {schedule: {windows: [{days: [monday], from: 09:00, to: 10:00}]}, fault: {reset: {}}} | expected one of mon, tue, wed, thu, fri, sat, sun, found 'monday'",
            })
    void problemsSayWhereAndWhat(String spec, String expected) {
        assertThat(problems(HEAD + spec.indent(0).replaceFirst("^", "  ") + "\n"))
                .anyMatch(p -> p.contains(expected));
    }

    @Test
    void allProblemsAreFoundAtOnce() {
        assertThat(problems(HEAD + "  percentage: 200\n  bogus: 1\n  fault: {delay: {fixd: 1s}}\n"))
                .containsExactly(
                        "f.yaml:5:15: spec.percentage: must be from 0 to 100 %, got 200 %",
                        "f.yaml:6:3: spec.bogus: unknown field; known here: experimentId, priority, targets, scope, percentage, fault, limits, schedule, ttl, seed, tag, dryRun",
                        "f.yaml:7:18: spec.fault.delay: field 'fixed' is missing",
                        "f.yaml:7:19: spec.fault.delay.fixd: unknown field; did you mean 'fixed'?");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "---\n",
                "# nothing",
                "just text",
                "[]",
                "{}",
                "kind: FaultRule",
                "{a: ",
                "a: b: c",
                "\t- x",
                "!!java.net.URL [x]",
                "apiVersion: mishap.dev/v2\nkind: FaultRule",
                "? [a]\n: b",
                "&a [*a]",
                "a: *nowhere",
                "\u0000",
                "%YAML 9.9\n---\na"
            })
    void whatIsNoRuleIsAProblemAndNoException(String text) {
        assertThat(problems(text)).isNotEmpty().allMatch(p -> p.startsWith("f.yaml"));
    }

    @Test
    void productionNeedsAnOverrideAboveFivePercent() {
        String text = """
                apiVersion: mishap.dev/v1
                kind: Experiment
                metadata: {name: e, namespace: prod-checkout}
                spec:
                  faults: [{target: a, fault: {reset: {}}}]
                  blastRadius: 6
                """;
        assertThat(problems(text))
                .singleElement()
                .asString()
                .startsWith("f.yaml:6:16: ")
                .contains("at most 5 % in production");
        assertThat(problems(text + "  override: {reason: agreed with the owners}\n"))
                .isEmpty();
        assertThat(problems(text.replace("prod-checkout", "staging"))).isEmpty();
        assertThat(problems(text.replace("namespace: prod-checkout", "labels: {mishap.dev/environment: production}")))
                .hasSize(1);
    }

    @Test
    void aBadValueOfAnExperimentIsNamedWhereItStands() {
        String text = """
                apiVersion: mishap.dev/v1
                kind: Experiment
                metadata: {name: e}
                spec:
                  faults: [{target: a, fault: {reset: {}}}]
                  blastRadius: 5
                  duration: 99999h
                """;
        assertThat(problems(text))
                .singleElement()
                .asString()
                .startsWith("f.yaml:7:13: spec.duration: ")
                .contains("at most 7 days");
    }

    @Test
    void bombsAreRefusedQuickly() {
        StringBuilder laughs = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (int i = 1; i < 9; i++) {
            laughs.append("a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n"
                    .replace("%d", "" + (i - 1))
                    .replaceFirst("a" + (i - 1) + ": &a" + (i - 1), "a" + i + ": &a" + i));
        }
        assertThat(problems(laughs.toString())).isNotEmpty();
        assertThat(problems("[".repeat(100_000))).isNotEmpty();
        assertThat(problems("{a: ".repeat(5_000))).isNotEmpty();
        assertThat(problems("a: ".repeat(5_000))).isNotEmpty();
        assertThat(problems("- ".repeat(100_000))).isNotEmpty();
        assertThat(problems("x".repeat(TreeReader.MAX_CHARS + 1)))
                .singleElement()
                .asString()
                .contains("larger than");
        assertThat(problems("[" + "1,".repeat(TreeReader.MAX_NODES) + "1]")).anyMatch(p -> p.contains("more than"));
    }

    @RepeatedTest(60)
    void whatIsWrittenIsReadBackEqual(RepetitionInfo repetition) {
        for (int i = 0; i < 20; i++) {
            long seed = repetition.getCurrentRepetition() * 1000L + i;
            FaultRule rule = new RandomRules(seed).rule();
            String yaml = DocumentText.yaml(RuleWriter.write(rule));
            assertThat(only(yaml)).as("seed %d\n%s", seed, yaml).isEqualTo(rule);
            String json = DocumentText.json(RuleWriter.write(rule));
            assertThat(only(json)).as("seed %d\n%s", seed, json).isEqualTo(rule);
            assertThat(only(DocumentText.jsonLine(RuleWriter.write(rule)))).isEqualTo(rule);
        }
    }

    /** YAML 1.1 readers, Envoy's among them, take these for booleans and numbers when they stand bare. */
    @ParameterizedTest
    @ValueSource(strings = {"y", "N", "yes", "off", "1e3", "0x1f", "1_000", "12:30", "0o7", "null", "~"})
    void textThatLooksLikeSomethingElseIsWrittenInQuotes(String text) {
        String yaml = DocumentText.yaml(java.util.Map.of("v", text));
        assertThat(yaml.trim()).isIn("v: '" + text + "'", "v: \"" + text + "\"");
    }

    @Test
    void experimentsAreReadBackEqual() {
        String text = """
                apiVersion: mishap.dev/v1
                kind: Experiment
                metadata: {name: e1, namespace: staging, labels: {a: b}}
                spec:
                  id: X-1
                  hypothesis: checkout goes on
                  targets: [a, b]
                  faults:
                    - {target: a, percentage: 40, fault: {abort: {grpcStatus: 14}}, scope: {methods: [POST]}}
                    - {target: b, fault: {delay: {fixed: 1.5s}}}
                  blastRadius: 20
                  override: {reason: why not}
                  cohort: {seed: s, key: {cookie: session}}
                  seed: -9
                  duration: 90s
                  ramp: {over: 10s}
                  baseline: {duration: 5s, minRequests: 10}
                  slos: [c_p99_latency_ms <= 450, {metric: m, comparator: "!=", threshold: 1.5, query: "up{a='b'}"}]
                  autoRollback: {on: [], timeout: 3m}
                  recovery: {for: 1s, within: 10s}
                  poll: 200ms
                  breachPolls: 5
                  tag: {responseHeader: x-e, baggage: false}
                """;
        RuleReader.Result result = RuleReader.read(text, "f.yaml");
        assertThat(result.problems()).isEmpty();
        Experiment experiment = result.experiments().get(0);
        String written = DocumentText.yaml(RuleWriter.write(experiment));
        assertThat(RuleReader.read(written, "g.yaml").experiments()).as(written).containsExactly(experiment);
        assertThat(experiment.rules("a", null)).singleElement().satisfies(rule -> {
            assertThat(rule.name()).isEqualTo("X-1.1");
            assertThat(rule.experimentId()).isEqualTo("X-1");
            assertThat(rule.limits().maxTrafficPercent()).isEqualTo(Percentage.ofPercent(20));
            assertThat(rule.scope().cohort()).isEqualTo(experiment.cohort());
        });
    }

    @RepeatedTest(20)
    void brokenTextNeverEscapesAsAnException(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        for (int round = 0; round < 100; round++) {
            StringBuilder text = new StringBuilder(FULL);
            for (int n = 1 + random.nextInt(6); n > 0; n--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(4)) {
                    case 0 -> text.deleteCharAt(at);
                    case 1 -> text.insert(at, "{}[]:,&*!|>'\"%@`#-?\t\n \u0000é".charAt(random.nextInt(24)));
                    case 2 -> text.setCharAt(at, (char) random.nextInt(0x3000));
                    default -> text.delete(at, Math.min(text.length(), at + random.nextInt(40)));
                }
            }
            RuleReader.Result result = RuleReader.read(text.toString(), "f.yaml");
            assertThat(result.ok() || result.rules().isEmpty())
                    .as(text.toString())
                    .isTrue();
        }
    }
}
