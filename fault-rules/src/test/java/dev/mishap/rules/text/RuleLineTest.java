package dev.mishap.rules.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mishap.rules.Cohort;
import dev.mishap.rules.CohortKey;
import dev.mishap.rules.Endpoints;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.RandomRules;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Delay;
import dev.mishap.rules.fault.Direction;
import dev.mishap.rules.fault.Partition;
import dev.mishap.rules.fault.Reset;
import dev.mishap.rules.fault.ResponseRateLimit;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuleLineTest {
    private static FaultRule parse(String line) {
        return RuleLine.parse(line, "r");
    }

    @Test
    void abortWithHeaderAndDuration() {
        FaultRule rule = parse("abort 503 40% when header x-user-tier = canary for 2m");
        assertThat(rule.fault()).isEqualTo(Abort.http(503));
        assertThat(rule.percentage()).isEqualTo(Percentage.ofPercent(40));
        assertThat(rule.scope().headers())
                .containsExactly(HeaderMatcher.of("x-user-tier", StringMatcher.exact("canary")));
        assertThat(rule.ttl()).isEqualTo(Duration.ofMinutes(2));
        assertThat(rule.name()).isEqualTo("r");
    }

    @Test
    void everyClause() {
        FaultRule rule = parse(
                "delay 100ms 10% when path ^= /pay and method=GET,POST and not header x ~ \"a b\" and header n in [1,5)"
                        + " on listener in,out on cluster c on route r1 from 10.0.0.0/8 cohort 5% by cookie sid seeded \"S 1\" max 5% max 50/s"
                        + " max 10 concurrent ramp 30s starting 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z seed -42 as canary experiment E-1"
                        + " priority 3 tag header x-chaos tag baggage");
        assertThat(rule.fault()).isEqualTo(new Delay(Duration.ofMillis(100)));
        assertThat(rule.scope().path()).isEqualTo(StringMatcher.prefix("/pay"));
        assertThat(rule.scope().methods()).containsExactly("GET", "POST");
        assertThat(rule.scope().headers()).hasSize(2);
        assertThat(rule.scope().headers().get(0).invert()).isTrue();
        assertThat(rule.scope().headers().get(1).range()).isEqualTo(new HeaderMatcher.Range(1, 5));
        assertThat(rule.scope().listeners()).containsExactly("in", "out");
        assertThat(rule.scope().cohort())
                .isEqualTo(new Cohort(Percentage.ofPercent(5), "S 1", CohortKey.cookie("sid")));
        assertThat(rule.limits().maxTrafficPercent()).isEqualTo(Percentage.ofPercent(5));
        assertThat(rule.limits().maxPerSecond()).isEqualTo(50);
        assertThat(rule.limits().maxConcurrent()).isEqualTo(10);
        assertThat(rule.schedule().ramp().over()).isEqualTo(Duration.ofSeconds(30));
        assertThat(rule.seed()).isEqualTo(-42);
        assertThat(rule.name()).isEqualTo("canary");
        assertThat(rule.experimentId()).isEqualTo("E-1");
        assertThat(rule.priority()).isEqualTo(3);
        assertThat(rule.tag().baggage()).isTrue();
        assertThat(parse(RuleLine.print(rule))).isEqualTo(rule);
    }

    @Test
    void otherFaults() {
        assertThat(parse("reset 10%").fault()).isEqualTo(new Reset());
        assertThat(parse("reset after headers").fault()).isEqualTo(Reset.afterHeaders());
        assertThat(parse("reset after 100 bytes code CANCEL goaway 5%").fault())
                .isEqualTo(new Reset(Reset.Point.BODY, 100, 8, true));
        assertThat(parse("partition when endpoint label tier = \"a b\" and endpoint locality = eu/a,us")
                        .scope()
                        .endpoints())
                .isEqualTo(new Endpoints(List.of(), List.of(), List.of("eu/a", "us"), java.util.Map.of("tier", "a b")));
        assertThat(parse("partition drop downstream when endpoint address = 10.0.0.0/8 and endpoint port = 80")
                        .fault())
                .isEqualTo(new Partition(Partition.Mode.DROP, Direction.TO_DOWNSTREAM));
        assertThat(parse("rate-limit 64KiB/s").fault()).isEqualTo(new ResponseRateLimit(64));
        assertThat(parse("rate-limit 2MiB/s").fault()).isEqualTo(new ResponseRateLimit(2048));
        assertThat(parse("abort grpc UNAVAILABLE").fault()).isEqualTo(Abort.grpc(14));
        assertThat(parse("abort grpc 5 message \"not here\"").fault()).isEqualTo(Abort.grpc(5, "not here"));
        assertThat(parse("abort 500 body \"a \\\"b\\\"\"").fault()).isEqualTo(Abort.http(500, "a \"b\""));
    }

    @Test
    void unequalAndAbsentAreInversions() {
        assertThat(parse("reset when header a != b and header c absent").scope().headers())
                .containsExactly(
                        new HeaderMatcher("a", StringMatcher.exact("b"), null, null, true),
                        new HeaderMatcher("c", null, false, null, false));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "``                            | 1  | expected 'abort', 'delay', 'rate-limit', 'reset', 'refuse'",
                "abrt 503                      | 1  | expected 'abort', 'delay', 'rate-limit', 'reset', 'refuse'",
                "abort                         | 6  | expected a status from 200 to 599, or 'grpc', found the end",
                "abort 700                     | 7  | expected a status from 200 to 599, or 'grpc', found '700'",
                "abort grpc NOPE               | 12 | expected a gRPC status such as UNAVAILABLE or 14, found 'NOPE'",
                "delay 100                     | 7  | expected a duration such as 100ms, 2s or 1h30m, got '100'",
                "reset 140%                    | 7  | must be from 0 to 100 %, got 140 %",
                "reset 0.00001%                | 7  | must be a multiple of 0.0001 %, got 0.00001 %",
                "reset when heder x = 1        | 12 | expected 'header', 'path', 'method', 'node', 'sni', 'port', 'endpoint', 'name', 'type' or 'not', found 'heder'",
                "reset when header x 1         | 21 | expected '=', '!=', '^=', '$=', '*=', '~', 'in', 'present' or 'absent', found '1'",
                "reset when header x =         | 22 | expected a value, found the end",
                "reset when path ~ [           | 19 | regex is not RE2 syntax",
                "reset for                     | 10 | expected a duration such as 2m, found the end",
                "reset for 2m for 3m           | 14 | 'for' is given twice",
                "reset 10% bogus               | 11 | expected 'when', 'on'",
                "reset 10% 503                 | 11 | expected 'when', 'on'",
                "reset max 5                   | 12 | expected 'concurrent', found the end",
                "reset as \"unclosed           | 10 | the quote is not closed",
                "reset as a/b                  | 10 | the name must be 1 to 253 letters",
                "reset on planet x             | 10 | expected 'listener', 'cluster', 'route', 'service', 'node', 'label' or 'locality', found 'planet'",
                "reset from 10.0.0.0/8,bogus   | 12 | expected an address range",
                "latency 100ms jitter 200ms    | 22 | jitter must be from 0s to fixed",
                "slice 10 vary 3               | 10 | expected 'bytes', found 'vary'",
                "corrupt pattern xyz           | 17 | pattern must be hexadecimal digits such as deadbeef, got 'xyz'",
                "close after 0 bytes           | 15 | afterBytes must be 1 or more, got 0",
                "dns later                     | 5  | expected 'delay', 'drop'",
                "dns address 10.0.0.1,bogus    | 13 | expected an IP address, got 'bogus'",
                "latency 1ms when port = 0     | 25 | expected a whole number from 1 to 65535, found '0'",
                "latency 1ms when path = /x    | 27 | scope.path cannot be told of a connection, which latency acts on",
                "abort 503 when sni = a.b      | 25 | scope.sni cannot be told of an HTTP request, which abort acts on",
                "latency 1ms cohort 5% by trace | 31 | scope.cohort.key must be sourceAddress",
                "latency 1ms tag baggage       | 24 | tag cannot be put on a connection",
                "dns drop when name = A.b      | 22 | a DNS name must be in lower case",
                "rate-limit 64kb/s             | 12 | expected a whole rate such as 64KiB/s",
                "reset after 0 bytes           | 13 | expected a whole number from 1 to 9223372036854775807, found '0'",
                "reset code LATER              | 12 | expected an HTTP/2 error code such as CANCEL or 8, found 'LATER'",
                "partition refuse upstream     | 18 | direction can only be both when the mode is refuse",
                "partition from 10.0.0.0/8     | 26 | scope.source cannot be told of a connection upstream, which partition acts on",
                "flap up 1s down 1s when endpoint port = 80 | 43 | scope.endpoints is of connections upstream, on which flap cannot act",
                "close when endpoint port = 80 | 30 | scope.endpoints is of connections upstream, on which close acts with 'side: upstream' only",
                "abort 503 when endpoint port = 80 | 34 | scope.endpoints cannot be told of an HTTP request",
                "latency 1ms when endpoint locality = a//b | 38 | localities must be region, region/zone",
                "reset cohort 5                | 14 | expected a percentage such as 40%, found '5'",
            })
    void errorsPointAtThePlace(String line, int column, String problem) {
        RuleSyntaxException e = catchThrowableOfType(RuleSyntaxException.class, () -> parse(line));
        assertThat(e).as(line).isNotNull();
        assertThat(e.problem()).startsWith(problem);
        assertThat(e.column()).isEqualTo(column);
    }

    @Test
    void theMessageHasACaret() {
        assertThatThrownBy(() -> parse("abort 503 40% wen x"))
                .hasMessageEndingWith("\n  abort 503 40% wen x\n                ^");
    }

    @RepeatedTest(40)
    void whatIsPrintedIsReadBackEqual(RepetitionInfo repetition) {
        for (int i = 0; i < 50; i++) {
            long seed = repetition.getCurrentRepetition() * 1000L + i;
            FaultRule rule = new RandomRules(seed).rule();
            if (!RuleLine.inexpressible(rule).isEmpty()) {
                assertThatThrownBy(() -> RuleLine.print(rule)).isInstanceOf(IllegalArgumentException.class);
                continue;
            }
            String line = RuleLine.print(rule);
            assertThat(parse(line)).as("seed %d: %s", seed, line).isEqualTo(rule);
        }
    }

    @RepeatedTest(20)
    void brokenLinesOnlyEverAreSyntaxErrors(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        String[] words =
                "abort delay reset rate-limit grpc 503 40% 100ms when header x = != ^= ~ [ ) and not path method GET , on listener for 2m max 5% /s \" \\ cohort by seed as tag present in [1,5) ''"
                        .split(" ");
        for (int round = 0; round < 500; round++) {
            StringBuilder line =
                    new StringBuilder(random.nextBoolean() ? "abort 503 40% when header x-user-tier = canary " : "");
            for (int n = random.nextInt(12); n > 0; n--) {
                line.append(words[random.nextInt(words.length)]).append(random.nextInt(4) == 0 ? "" : " ");
            }
            if (line.length() > 0 && random.nextBoolean()) {
                line.setCharAt(random.nextInt(line.length()), (char) random.nextInt(0x250));
            }
            try {
                FaultRule rule = parse(line.toString());
                assertThat(parse(RuleLine.print(rule))).isEqualTo(rule);
            } catch (RuleSyntaxException e) {
                assertThat(e.column()).isBetween(1, line.length() + 1);
            }
        }
    }

    @Test
    void aVeryLongLineIsRefused() {
        assertThatThrownBy(() -> parse("reset ".repeat(10_000))).isInstanceOf(RuleSyntaxException.class);
    }
}
