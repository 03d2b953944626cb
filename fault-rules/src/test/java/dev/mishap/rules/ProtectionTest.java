package dev.mishap.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.rules.text.RuleLine;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProtectionTest {
    private static final Protection OURS =
            Protection.parse("path=/internal/*, path=/ready,agent=ELB/,port=15021,name=vault.internal,name=.svc.local");

    private final HeaderSlots slots = new HeaderSlots();

    private RuleSet compile(Protection protection, String line) {
        return RuleSet.compile(
                List.of(new InstalledRule(RuleLine.parse(line, "r"), 0, 7)),
                null,
                slots,
                new Safeguards(protection, false, (rule, cause, status) -> {}));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "abort 503                              | /healthz                           | spared",
                "abort 503                              | /healthz/x                         | touched",
                "abort 503                              | /livez                             | spared",
                "abort 503                              | /readyz                            | spared",
                "abort 503                              | /health                            | spared",
                "abort 503                              | /metrics                           | spared",
                "abort 503                              | /stats/prometheus                  | spared",
                "abort 503                              | /grpc.health.v1.Health/Check       | spared",
                "abort 503                              | /grpc.health.v1.Healthy/Check      | touched",
                "abort 503                              | /pay                               | touched",
                "abort 503 when path ^= /health         | /healthz                           | spared",
                "abort 503 when path ~ /healthz         | /healthz                           | spared",
                "abort 503 when path = /healthz         | /healthz                           | touched",
                "abort 503                              | /internal/x                        | spared",
                "abort 503                              | /internal                          | touched",
                "delay 1s when path ^= /ready           | /ready                             | spared",
            })
    void aPathIsTouchedByARuleThatSaysItExactly(String line, String path, String expected) {
        FakeRequest request = new FakeRequest(slots);
        request.path = path;
        assertThat(outcome(compile(OURS, line), request)).isEqualTo(expected);
    }

    private static String outcome(RuleSet set, FakeRequest request) {
        FaultDecision decision = set.decide(request, 1, 1, new RuleSet.Scratch());
        decision.release();
        RuleStatus status = set.status("r");
        assertThat(status).isNotNull();
        assertThat(status.drawn()).isEqualTo(1);
        long spared = status.suppressed().get(Suppression.PROTECTED);
        assertThat(spared + status.touched()).isEqualTo(1);
        return spared == 1 ? "spared" : "touched";
    }

    @Test
    void probesPortsAndOwnHealthChecksAreProtectedWhateverTheirPath() {
        for (int i = 0; i < 4; i++) {
            FakeRequest request = new FakeRequest(slots);
            request.path = "/pay";
            if (i == 0) {
                request.with("user-agent", "kube-probe/1.29");
            } else if (i == 1) {
                request.with("user-agent", "ELB/2");
            } else if (i == 2) {
                request.port = 15021;
            } else {
                request.ownHealthCheck = true;
            }
            assertThat(outcome(compile(OURS, "abort 503"), request)).as("%d", i).isEqualTo("spared");
            assertThat(outcome(compile(OURS, "abort 503 when path = /pay"), request))
                    .isEqualTo("touched");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "refuse                            | 15021 |                | spared",
                "refuse                            | 5432  |                | touched",
                "refuse when port = 15021          | 15021 |                | touched",
                "latency 1s                        | 443   | vault.internal | spared",
                "latency 1s                        | 443   | a.svc.local    | spared",
                "latency 1s when sni $= .local     | 443   | a.svc.local    | spared",
                "latency 1s when sni = a.svc.local | 443   | a.svc.local    | touched",
                "latency 1s when port = 443        | 443   | vault.internal | touched",
            })
    void aConnectionByItsPortOrServerName(String line, int port, String sni, String expected) {
        FakeConnection connection = new FakeConnection();
        connection.port = port;
        connection.sni = sni;
        RuleSet set = compile(OURS, line);
        ConnectionDecision decision = set.decide(connection, 1, 1);
        assertThat(decision.isNone() ? "spared" : "touched").isEqualTo(expected);
        assertThat(set.status("r").suppressed().get(Suppression.PROTECTED))
                .isEqualTo(expected.equals("spared") ? 1 : 0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dns drop                            | vault.internal | spared",
                "dns drop when name $= .internal     | vault.internal | spared",
                "dns drop when name = vault.internal | vault.internal | touched",
                "dns drop                            | db.internal    | touched",
            })
    void aQuestionByItsName(String line, String name, String expected) {
        RuleSet set = compile(OURS, line);
        QuestionDecision decision = set.decide(new FakeQuestion(name, "A", null), 1, 1);
        assertThat(decision.isNone() ? "spared" : "touched").isEqualTo(expected);
    }

    @Test
    void whatIsSparedTakesNothingFromTheLimits() {
        RuleSet set = compile(OURS, "abort 503 max 1 concurrent");
        FakeRequest probe = new FakeRequest(slots);
        probe.path = "/healthz";
        RuleSet.Scratch scratch = new RuleSet.Scratch();
        set.decide(probe, 1, 1, scratch);
        assertThat(set.decide(new FakeRequest(slots), 1, 1, scratch).isNone()).isFalse();
    }

    @Test
    void noneAsTheFirstEntryLeavesTheDefaultsOut() {
        Protection protection = Protection.parse("none,port=1");
        assertThat(protection.paths()).isEmpty();
        assertThat(protection.ports()).containsExactly(1);
        assertThat(Protection.parse("port=1").paths()).isEqualTo(Protection.DEFAULT.paths());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "path",
                "path=",
                "path=x",
                "path=/a*b",
                "port=0",
                "port=65536",
                "port=x",
                "paths=/a",
                "port=1,,port=2",
                "port=1,none"
            })
    void badEntriesAreRefused(String text) {
        assertThatThrownBy(() -> Protection.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void itIsToldBeforehandWhatARuleWillSpare() {
        assertThat(OURS.sparedFrom(RuleLine.parse("abort 503 when path ^= /health", "r")))
                .startsWith("/healthz", "/health", "/grpc.health.v1.Health/*", "/internal/*")
                .doesNotContain("/livez");
        assertThat(OURS.sparedFrom(RuleLine.parse("abort 503 when path = /healthz", "r")))
                .isEmpty();
        assertThat(OURS.isTouchedByName(RuleLine.parse("abort 503 when path = /healthz", "r")))
                .isTrue();
        assertThat(OURS.isTouchedByName(RuleLine.parse("abort 503 when path = /pay", "r")))
                .isFalse();
        assertThat(OURS.sparedFrom(RuleLine.parse("refuse when sni $= .com", "r")))
                .containsExactly("connections to port 15021", "connections to .svc.local");
        assertThat(OURS.isTouchedByName(RuleLine.parse("refuse when port = 15021", "r")))
                .isTrue();
        assertThat(OURS.sparedFrom(RuleLine.parse("dns drop when name = x", "r")))
                .isEmpty();
        assertThat(OURS.sparedFrom(RuleLine.parse("dns drop", "r"))).hasSize(2);
    }
}
