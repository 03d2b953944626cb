package dev.mishap.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mishap.rules.fault.DnsFault;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Flap;
import dev.mishap.rules.fault.Pace;
import dev.mishap.rules.text.RuleLine;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What rules decide about connections and DNS questions. */
class TrafficRulesTest {
    private record Upstream(String cluster, InetAddress address, int port, String region, Map<String, String> labels)
            implements UpstreamView {
        @Override
        public String zone() {
            return "a";
        }

        @Override
        public String subZone() {
            return "";
        }

        @Override
        public @Nullable String label(String name) {
            return labels.get(name);
        }
    }

    private static Upstream upstream(String address, String region, Map<String, String> labels) {
        return new Upstream("db", DnsFault.literal(address), 5432, region, labels);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "partition                                          | true  | true",
                "partition on cluster db                            | true  | true",
                "partition on cluster other                         | false | false",
                "partition when endpoint address = 10.1.0.0/16      | true  | false",
                "partition when endpoint port = 5432                | true  | true",
                "partition when endpoint port = 5433                | false | false",
                "partition when endpoint locality = eu              | true  | false",
                "partition when endpoint locality = us,eu/b         | false | true",
                "partition when endpoint locality = eu/a            | true  | false",
                "partition when endpoint locality = eu/a/x          | false | false",
                "latency 1ms when endpoint label tier = gold        | true  | false",
                "refuse upstream when endpoint label tier = silver  | false | true",
            })
    void upstreamRulesChooseEndpoints(String line, boolean first, boolean second) {
        String[] many = new String[14];
        Arrays.fill(many, "partition on cluster nowhere");
        Arrays.fill(many, 7, 13, "refuse upstream when endpoint port = 1");
        many[5] = line;
        many[13] = "refuse as clients";
        for (RuleSet set : List.of(compile(null, line, "refuse as clients"), compile(null, many))) {
            assertThat(set.hasNoUpstreamRules()).isFalse();
            assertThat(set.decide(upstream("10.1.0.7", "eu", Map.of("tier", "gold")), 1, 1)
                            .isNone())
                    .isEqualTo(!first);
            assertThat(set.decide(upstream("10.2.0.7", "us", Map.of("tier", "silver")), 1, 1)
                            .isNone())
                    .isEqualTo(!second);
            assertThat(set.decide(new FakeConnection(), 1, 1).touched(0).name()).isEqualTo("clients");
        }
        assertThat(compile(null, "refuse").hasNoUpstreamRules()).isTrue();
    }

    @Test
    void aLiveConnectionUpstreamMeetsAPartitionAndNoRefusal() {
        RuleSet before = compile(null, "latency 10ms when endpoint port = 5432");
        Upstream connection = upstream("10.1.0.7", "eu", Map.of());
        ConnectionDecision decision = before.decide(connection, 1, 1);
        RuleSet after =
                compile(before, "latency 10ms when endpoint port = 5432", "refuse upstream", "partition as cut");
        ConnectionDecision again = after.decideAgain(connection, 2, 2, before, decision);
        assertThat(List.of(again.touched(0).name(), again.touched(1).name())).containsExactly("cut", "r0");
        assertThat(again.touchedCount()).isEqualTo(2);
    }

    private static RuleSet compile(@Nullable RuleSet previous, String... lines) {
        List<InstalledRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(new InstalledRule(RuleLine.parse(lines[i], "r" + i), 0, 7));
        }
        return RuleSet.compile(rules, previous, new HeaderSlots());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "refuse                                   | true",
                "refuse on listener in                    | true",
                "refuse on listener out                   | false",
                "refuse on cluster db,other               | true",
                "refuse from 10.1.0.0/16                  | true",
                "refuse from 10.2.0.0/16                  | false",
                "refuse to 192.168.0.0/24                 | true",
                "refuse to 192.168.1.0/24                 | false",
                "refuse when port = 5432,6379             | true",
                "refuse when port = 6379                  | false",
                "refuse when sni = db.internal            | true",
                "refuse when sni $= .internal             | true",
                "refuse when sni $= .example              | false",
                "refuse when sni ~ db[.].* and port = 1   | false",
                "dns drop                                 | false",
                "abort 503                                | false"
            })
    void theScopeOfAConnection(String line, boolean hit) {
        FakeConnection connection = new FakeConnection();
        connection.sni = "db.internal";
        String[] many = new String[12];
        Arrays.fill(many, "refuse when sni = other.test");
        many[5] = line;
        for (RuleSet set : List.of(compile(null, line), compile(null, many))) {
            ConnectionDecision decision = set.decide(connection, 1, 1);
            assertThat(decision.isNone()).isNotEqualTo(hit);
            decision.release();
        }
    }

    @Test
    void aConnectionWithoutAServerNameFailsEveryTestOfIt() {
        assertThat(compile(null, "refuse when sni ~ .*")
                        .decide(new FakeConnection(), 1, 1)
                        .isNone())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dns delay 3s                             | true",
                "dns delay 3s when name = db.internal     | true",
                "dns delay 3s when name $= .internal      | true",
                "dns delay 3s when name = db              | false",
                "dns delay 3s when type = AAAA            | true",
                "dns delay 3s when type = A,MX            | false",
                "dns delay 3s from 10.0.0.0/8             | true",
                "dns delay 3s from 11.0.0.0/8             | false",
                "dns delay 3s on cluster db               | true",
                "dns delay 3s on listener in              | false",
                "refuse                                   | false"
            })
    void theScopeOfAQuestion(String line, boolean hit) {
        FakeQuestion asked = new FakeQuestion("db.internal", "AAAA", DnsFault.literal("10.9.9.9"));
        String[] many = new String[12];
        Arrays.fill(many, "dns drop when name = other.test");
        many[5] = line;
        for (RuleSet set : List.of(compile(null, line), compile(null, many))) {
            QuestionDecision decision = set.decide(asked, 1, 1);
            assertThat(decision.delayNanos()).isEqualTo(hit ? 3_000_000_000L : 0);
        }
    }

    @Test
    void oneFaultDecidesAtAcceptAndTheOthersActTogether() {
        RuleSet set = compile(
                null, "latency 10ms priority 5", "black-hole priority 2", "flap up 1s down 1s", "bandwidth 64KiB/s");
        ConnectionDecision decision = set.decide(new FakeConnection(), 1, 1);
        assertThat(decision.touchedCount()).isEqualTo(3);
        assertThat(decision.fault(0).kind()).isEqualTo(Fault.Kind.FLAP);
        assertThat(decision.fault(1).kind()).isEqualTo(Fault.Kind.BANDWIDTH);
        assertThat(decision.fault(2).kind()).isEqualTo(Fault.Kind.LATENCY);
        assertThat(status(set, "r1").suppressed()).containsEntry(Suppression.SUPERSEDED, 1L);
        RuleSet refusing = compile(null, "refuse", "latency 10ms");
        assertThat(refusing.decide(new FakeConnection(), 1, 1).touchedCount()).isEqualTo(1);
        assertThat(status(refusing, "r1").suppressed()).containsEntry(Suppression.SUPERSEDED, 1L);
    }

    private static RuleStatus status(RuleSet set, String name) {
        RuleStatus status = set.status(name);
        assertThat(status).isNotNull();
        return status;
    }

    @Test
    void answersDelaysAndTimesToLiveOfOneQuestion() {
        RuleSet set = compile(
                null,
                "dns delay 1s",
                "dns delay 2s",
                "dns ttl 9s",
                "dns ttl 5s",
                "dns nxdomain",
                "dns drop priority 1");
        QuestionDecision decision = set.decide(new FakeQuestion("a", "A", null), 1, 1);
        assertThat(decision.delayNanos()).isEqualTo(3_000_000_000L);
        assertThat(decision.ttlSeconds()).isEqualTo(5);
        assertThat(decision.answer()).isEqualTo(DnsFault.of(DnsFault.Action.NXDOMAIN));
        assertThat(decision.touchedCount()).isEqualTo(5);
    }

    /** The same connections in another order, as other workers would take them: the same decision for each key's n-th. */
    @Test
    void drawsDependOnTheKeyAndItsOrdinalOnly() {
        List<Map<String, List<Boolean>>> runs = new ArrayList<>();
        for (int step : new int[] {1, 7}) {
            RuleSet set = compile(null, "refuse 30%");
            Map<String, List<Boolean>> byKey = new TreeMap<>();
            for (int i = 0; i < 1000; i++) {
                FakeConnection connection = new FakeConnection();
                connection.source = DnsFault.literal("10.0.0." + i * step % 250);
                ConnectionDecision decision = set.decide(connection, 1, 1);
                byKey.computeIfAbsent(connection.source.getHostAddress(), k -> new ArrayList<>())
                        .add(!decision.isNone());
            }
            runs.add(byKey);
        }
        assertThat(runs.get(1)).isEqualTo(runs.get(0));
        long hits = runs.get(0).values().stream()
                .flatMap(List::stream)
                .filter(b -> b)
                .count();
        assertThat((double) hits).isCloseTo(300, within(60.0));
    }

    @Test
    void theCohortIsOfAddresses() {
        RuleSet set = compile(null, "refuse cohort 20%");
        int in = 0;
        for (int i = 0; i < 250; i++) {
            FakeConnection connection = new FakeConnection();
            connection.source = DnsFault.literal("10.0.3." + i);
            boolean first = !set.decide(connection, 1, 1).isNone();
            assertThat(!set.decide(connection, 1, 1).isNone()).isEqualTo(first);
            in += first ? 1 : 0;
        }
        assertThat(in).isBetween(25, 75);
    }

    @Test
    void theCapHoldsForConnections() {
        RuleSet set = compile(null, "refuse max 10%");
        int hits = 0;
        for (int i = 0; i < 100; i++) {
            hits += set.decide(new FakeConnection(), 1, 1).isNone() ? 0 : 1;
        }
        assertThat(hits).isEqualTo(10);
    }

    @Test
    void aLiveConnectionKeepsWhatItHasAndMeetsWhatIsNew() {
        RuleSet before = compile(null, "latency 10ms", "bandwidth 9KiB/s max 1 concurrent");
        FakeConnection connection = new FakeConnection();
        ConnectionDecision decision = before.decide(connection, 1, 1);
        assertThat(decision.touchedCount()).isEqualTo(2);
        RuleSet after = compile(before, "latency 10ms", "slice 4 bytes as new", "refuse as late");
        ConnectionDecision again = after.decideAgain(connection, 2, 2, before, decision);
        assertThat(List.of(again.touched(0).name(), again.touched(1).name())).containsExactly("new", "r0");
        assertThat(again.touchedCount()).isEqualTo(2);
        assertThat(status(after, "r0").scoped()).isEqualTo(1);
        assertThat(status(after, "r0").activeFaults()).isEqualTo(1);
        assertThat(status(after, "late").touched()).isZero();
        again.release();
        assertThat(status(after, "r0").activeFaults()).isZero();
        assertThat(status(before, "r1").activeFaults()).isZero();
    }

    @Test
    void aFlapIsUpFirst() {
        Flap flap = new Flap(Duration.ofSeconds(3), Duration.ofSeconds(1));
        assertThat(flap.isUp(0)).isTrue();
        assertThat(flap.phaseRestNanos(0)).isEqualTo(3_000_000_000L);
        assertThat(flap.isUp(3_000_000_000L)).isFalse();
        assertThat(flap.phaseRestNanos(3_500_000_000L)).isEqualTo(500_000_000L);
        assertThat(flap.isUp(4_000_000_000L)).isTrue();
    }

    @Test
    void jitterStaysWithinItsBounds() {
        Pace pace = new Pace(Duration.ofNanos(100), Duration.ofNanos(30));
        long least = Long.MAX_VALUE;
        long most = 0;
        for (long draw = -500; draw < 500; draw++) {
            long nanos = pace.nanos(draw);
            least = Math.min(least, nanos);
            most = Math.max(most, nanos);
        }
        assertThat(least).isEqualTo(70);
        assertThat(most).isEqualTo(130);
    }

    @Test
    void overlapsAreToldByPlane() {
        List<RuleOverlap> overlaps = RuleOverlap.among(List.of(
                RuleLine.parse("refuse 50% as a", "a"),
                RuleLine.parse("latency 10ms as b", "b"),
                RuleLine.parse("dns drop as c", "c"),
                RuleLine.parse("dns delay 1s when name = x as d", "d"),
                RuleLine.parse("abort 503 as e", "e")));
        assertThat(overlaps).hasSize(2);
        assertThat(overlaps.get(0).outcome())
                .containsExactly(
                        "a takes about 50 % of the connections that all match",
                        "b acts (latency) on about 100 % of them, in this order on their bytes");
        assertThat(overlaps.get(1).rules()).extracting(FaultRule::name).containsExactly("c", "d");
    }
}
