package dev.mishap.control.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.control.rules.RuleRegistry.Filter;
import dev.mishap.control.rules.RuleRegistry.Listing;
import dev.mishap.control.rules.RuleRegistry.Written;
import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.local.LocalStore;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.text.RuleLine;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RuleRegistryTest {
    private static final Caller ANN = Caller.of("ann", "10.0.0.1");

    private final Store store = LocalStore.inMemory();
    private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final RuleRegistry registry = get(RuleRegistry.open(store, () -> now, "test"));

    @AfterEach
    void close() {
        registry.close();
        store.close();
    }

    private static <T> T get(CompletionStage<T> stage) {
        return StoreException.await(stage, 20_000);
    }

    private static RuleDocument rule(String namespace, String name, String line, Map<String, String> labels) {
        FaultRule rule = RuleLine.parse(line, name).withLabels(labels);
        return new RuleDocument(namespace, Map.of(), null, rule);
    }

    private static RuleDocument rule(String name, String line) {
        return rule("default", name, line, Map.of());
    }

    private static Caller keyed(String who, String key) {
        return new Caller(who, "10.0.0.1", key);
    }

    @Test
    void createsReadsReplacesAndDeletes() {
        Written made = get(registry.create(rule("r1", "abort 503 40% for 2m"), ANN));
        assertThat(made.created()).isTrue();
        StoredRule rule = made.rule();
        assertThat(registry.get(new RuleKey("default", "r1"))).isEqualTo(rule);
        assertThat(rule.expires()).isEqualTo(now.plusSeconds(120));
        assertThat(rule.generation()).isEqualTo(1);
        assertThat(rule.who()).isEqualTo("ann");
        assertThat(rule.etag()).isEqualTo("\"" + rule.revision() + "\"");
        assertThatThrownBy(() -> get(registry.create(rule("r1", "reset"), ANN)))
                .isInstanceOf(RegistryException.AlreadyExists.class);

        now = now.plusSeconds(60);
        Written same = get(registry.replace(
                rule("default", "r1", "abort 503 40% for 2m", Map.of("a", "b")),
                Precondition.ifMatch(rule.etag()),
                Caller.of("bob", "x")));
        assertThat(same.created()).isFalse();
        assertThat(same.rule().generation()).as("labels are not the rule").isEqualTo(1);
        assertThat(same.rule().uid()).isEqualTo(rule.uid());
        assertThat(same.rule().created()).isEqualTo(rule.created());
        assertThat(same.rule().expires()).isEqualTo(now.plusSeconds(120));
        assertThat(get(registry.replace(rule("r1", "abort 500 40% for 2m"), Precondition.PRESENT, ANN))
                        .rule()
                        .generation())
                .isEqualTo(2);
        assertThatThrownBy(() -> get(registry.replace(rule("r1", "reset"), Precondition.ifMatch(rule.etag()), ANN)))
                .isInstanceOf(RegistryException.PreconditionFailed.class);
        assertThatThrownBy(() -> get(registry.replace(rule("r1", "reset"), Precondition.ABSENT, ANN)))
                .isInstanceOf(RegistryException.PreconditionFailed.class);
        assertThatThrownBy(() -> get(registry.delete(rule.key(), Precondition.ifMatch("\"x\""), ANN)))
                .isInstanceOf(RegistryException.PreconditionFailed.class);
        assertThat(get(registry.delete(rule.key(), Precondition.NONE, ANN))
                        .rule()
                        .rule()
                        .fault())
                .isEqualTo(rule("r1", "abort 500").rule().fault());
        assertThat(registry.get(rule.key())).isNull();
        assertThatThrownBy(() -> get(registry.delete(rule.key(), Precondition.NONE, ANN)))
                .isInstanceOf(RegistryException.NotFound.class);
    }

    @Test
    void patchesTheDocument() {
        StoredRule rule = get(registry.create(rule("default", "p", "abort 503 40% for 2m", Map.of("a", "1")), ANN))
                .rule();
        StoredRule patched = get(registry.patch(
                        rule.key(),
                        "{\"metadata\":{\"labels\":{\"a\":null,\"b\":\"2\"},\"annotations\":{\"why\":\"test\"}},"
                                + "\"spec\":{\"percentage\":5,\"fault\":{\"abort\":null,\"delay\":{\"fixed\":\"1s\"}}}}",
                        Precondition.ifMatch(rule.etag()),
                        ANN))
                .rule();
        assertThat(patched.labels()).isEqualTo(Map.of("b", "2"));
        assertThat(patched.annotations()).isEqualTo(Map.of("why", "test"));
        assertThat(patched.rule().percentage().plain()).isEqualTo("5");
        assertThat(patched.rule().fault())
                .isEqualTo(rule("p", "delay 1s").rule().fault());
        assertThat(patched.rule().ttl()).isEqualTo(rule.rule().ttl());
        assertThatThrownBy(() ->
                        get(registry.patch(rule.key(), "{\"spec\":{\"percentage\":200}}", Precondition.NONE, ANN)))
                .isInstanceOfSatisfying(
                        RegistryException.Invalid.class,
                        e -> assertThat(e.problems()).extracting(p -> p.path()).containsExactly("spec.percentage"));
        assertThatThrownBy(() ->
                        get(registry.patch(rule.key(), "{\"metadata\":{\"name\":\"q\"}}", Precondition.NONE, ANN)))
                .isInstanceOf(RegistryException.Invalid.class);
        assertThatThrownBy(() -> get(registry.patch(rule.key(), "[]", Precondition.NONE, ANN)))
                .isInstanceOf(RegistryException.Invalid.class);
    }

    @Test
    void theSameKeyIsTheSameRequest() {
        Written first = get(registry.create(rule("i", "reset for 1m"), keyed("ann", "k1")));
        Written again = get(registry.create(rule("i", "reset for 1m"), keyed("ann", "k1")));
        assertThat(again.replayed()).isTrue();
        assertThat(again.created()).isTrue();
        assertThat(again.rule()).isEqualTo(first.rule());
        assertThatThrownBy(() -> get(registry.create(rule("i", "reset for 2m"), keyed("ann", "k1"))))
                .isInstanceOf(RegistryException.IdempotencyConflict.class);
        assertThatThrownBy(() -> get(registry.create(rule("i", "reset for 1m"), keyed("bob", "k1"))))
                .as("another caller's key is another key")
                .isInstanceOf(RegistryException.AlreadyExists.class);
        StoredRule ended = get(registry.delete(first.rule().key(), Precondition.NONE, keyed("ann", "k2")))
                .rule();
        assertThat(get(registry.delete(ended.key(), Precondition.NONE, keyed("ann", "k2"))))
                .isEqualTo(new RuleRegistry.Deleted(first.rule(), true));
        now = now.plus(RuleRegistry.IDEMPOTENCY);
        assertThat(get(registry.create(rule("i", "reset for 1m"), keyed("ann", "k1")))
                        .replayed())
                .isFalse();
    }

    @Test
    void aKeyUsedAtTheSameTimeMakesOneRule() {
        List<CompletableFuture<Written>> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(registry.create(rule("once", "reset for 1m"), keyed("ann", "same"))
                    .toCompletableFuture());
        }
        assertThat(all.stream().map(f -> get(f)).filter(w -> !w.replayed())).hasSize(1);
    }

    @Test
    void unconditionalReplacesOfManyAreAllDone() {
        List<CompletableFuture<Written>> all = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            all.add(registry.replace(rule("busy", "abort " + (500 + i) + " for 1m"), Precondition.NONE, ANN)
                    .toCompletableFuture());
        }
        all.forEach(f -> get(f));
        assertThat(registry.get(new RuleKey("default", "busy")).generation()).isEqualTo(12);
    }

    @Test
    void listsInPartsOfOneRevision() {
        for (int i = 0; i < 30; i++) {
            get(registry.create(
                    rule(
                            i % 2 == 0 ? "a" : "b",
                            "r" + i,
                            "reset for 1m",
                            Map.of("even", "" + (i % 2 == 0), "n", "" + i)),
                    ANN));
        }
        Listing first = get(registry.list(Filter.ALL, 12, null));
        get(registry.stop(new Filter("b", null, LabelSelector.ALL), ANN));
        List<StoredRule> all = new ArrayList<>(first.rules());
        for (String token = first.next(); token != null; ) {
            Listing next = get(registry.list(Filter.ALL, 12, token));
            assertThat(next.revision()).isEqualTo(first.revision());
            all.addAll(next.rules());
            token = next.next();
        }
        assertThat(all).hasSize(30).extracting(StoredRule::key).isSorted().doesNotHaveDuplicates();
        assertThat(registry.snapshot().size()).isEqualTo(15);
        Filter some = new Filter("a", null, LabelSelector.parse("n in (2,4,6,7), even=true"));
        Listing part = get(registry.list(some, 2, null));
        assertThat(part.rules()).extracting(StoredRule::name).containsExactly("r2", "r4");
        assertThat(get(registry.list(some, 2, part.next())))
                .isEqualTo(new Listing(List.of(registry.get(new RuleKey("a", "r6"))), null, part.revision()));
        for (String bad : List.of("x", "!!", "", "OTk5OTkgYSBi")) {
            assertThatThrownBy(() -> get(registry.list(Filter.ALL, 2, bad)))
                    .as(bad)
                    .isInstanceOf(RegistryException.BadToken.class);
        }
    }

    @Test
    void stopsByExperimentSelectorOrAll() {
        get(registry.create(rule("e1", "reset for 1m experiment X"), ANN));
        get(registry.create(rule("e2", "reset for 1m experiment Y"), ANN));
        get(registry.create(rule("default", "l", "reset for 1m", Map.of("team", "pay")), ANN));
        assertThat(get(registry.stop(new Filter(null, "X", LabelSelector.ALL), ANN))
                        .rules())
                .extracting(StoredRule::name)
                .containsExactly("e1");
        assertThat(get(registry.stop(new Filter(null, null, LabelSelector.parse("team")), ANN))
                        .rules())
                .hasSize(1);
        assertThat(get(registry.stop(Filter.ALL, ANN)).rules()).hasSize(1);
        assertThat(get(registry.stop(Filter.ALL, ANN)).rules()).isEmpty();
        assertThat(registry.snapshot().size()).isZero();
    }

    @Test
    void tellsChangesInOrderOnOneThread() throws Exception {
        get(registry.create(rule("s1", "reset for 1m"), ANN));
        BlockingQueue<RuleChange> told = new LinkedBlockingQueue<>();
        try (RuleRegistry.Subscription subscription = registry.subscribe(told::add)) {
            assertThat(subscription).isNotNull();
            RuleChange first = told.poll(20, TimeUnit.SECONDS);
            assertThat(first.before()).isSameAs(RuleSnapshot.EMPTY);
            assertThat(first.changed()).containsExactly(new RuleKey("default", "s1"));
            long last = 0;
            for (int i = 0; i < 50; i++) {
                last = get(registry.create(rule("t" + i, "reset for 1m"), ANN))
                        .rule()
                        .revision();
            }
            RuleSnapshot before = first.after();
            List<RuleKey> changed = new ArrayList<>();
            while (before.revision() < last) {
                RuleChange next = told.poll(20, TimeUnit.SECONDS);
                assertThat(next.before()).isSameAs(before);
                assertThat(next.after().revision()).isGreaterThan(before.revision());
                changed.addAll(next.changed());
                before = next.after();
            }
            assertThat(changed).hasSize(50).doesNotHaveDuplicates();
            assertThat(before.size()).isEqualTo(51);
        }
        get(registry.stop(Filter.ALL, ANN));
        assertThat(told).isEmpty();
    }

    @Test
    void theKillSwitchIsOfTheWholeFleet() {
        assertThat(registry.killSwitch()).isEqualTo(KillSwitch.OFF);
        KillSwitch on = get(registry.setKillSwitch(true, "incident 7", ANN));
        assertThat(registry.killSwitch()).isEqualTo(on);
        assertThat(on.engaged()).isTrue();
        assertThat(on.reason()).isEqualTo("incident 7");
        try (RuleRegistry other = get(RuleRegistry.open(store, () -> now, "test"))) {
            assertThat(other.killSwitch()).isEqualTo(on);
            get(other.setKillSwitch(false, "over", ANN));
            assertThat(other.killSwitch().engaged()).isFalse();
        }
    }

    @Test
    void replicasOfOneStoreSeeEachOther() {
        try (RuleRegistry other = get(RuleRegistry.open(store, () -> now, "test"))) {
            StoredRule rule =
                    get(registry.create(rule("shared", "reset for 1m"), ANN)).rule();
            assertThat(get(other.replace(rule("shared", "abort 503 for 1m"), Precondition.ifMatch(rule.etag()), ANN))
                            .rule()
                            .generation())
                    .isEqualTo(2);
            assertThatThrownBy(() -> get(registry.delete(rule.key(), Precondition.ifMatch(rule.etag()), ANN)))
                    .isInstanceOf(RegistryException.PreconditionFailed.class);
        }
    }

    @Test
    void whatCannotBeReadIsToldAndDoesNotAct() {
        get(store.commit(Transaction.put("live/rules/default/bad", Bytes.utf8("{\"schemaVersion\":99}"))));
        get(store.commit(Transaction.put("live/rules/default/worse", Bytes.utf8("no json"))));
        try (RuleRegistry other = get(RuleRegistry.open(store, () -> now, "test"))) {
            assertThat(other.snapshot().size()).isZero();
            assertThat(other.snapshot().unreadable())
                    .containsOnlyKeys("live/rules/default/bad", "live/rules/default/worse")
                    .hasEntrySatisfying(
                            "live/rules/default/bad", r -> assertThat(r).contains("schemaVersion 99"));
            get(store.commit(Transaction.delete("live/rules/default/bad")));
            get(other.create(rule("good", "reset for 1m"), ANN));
            assertThat(other.snapshot().unreadable()).containsOnlyKeys("live/rules/default/worse");
        }
    }

    @Test
    void documentsKeepNamespaceAndAnnotations() {
        String yaml = """
                apiVersion: mishap.dev/v1
                kind: FaultRule
                metadata: {name: d, namespace: pay, labels: {a: b}, annotations: {note: hello}}
                spec: {fault: {reset: {}}, ttl: 1m}
                """;
        RuleDocument.Result result = RuleDocument.readOne(yaml, "d.yaml", "other");
        assertThat(result.problems()).isEmpty();
        StoredRule stored = get(registry.create(result.documents().get(0), ANN)).rule();
        assertThat(stored.key()).isEqualTo(new RuleKey("pay", "d"));
        try (RuleRegistry other = get(RuleRegistry.open(store, () -> now, "test"))) {
            assertThat(other.get(stored.key())).isEqualTo(stored);
        }
        assertThat(RuleDocument.readOne(yaml.replace("namespace: pay", "namespace: '-'"), "d.yaml", "x")
                        .problems())
                .extracting(p -> p.line() + " " + p.path())
                .containsExactly("3 metadata.namespace");
        assertThat(RuleDocument.readOne(yaml.replace("note: hello", "note: [1]"), "d.yaml", "x")
                        .problems())
                .extracting(p -> p.path())
                .containsExactly("metadata.annotations.note");
        assertThat(RuleDocument.readOne(yaml.replace("labels", "lables"), "d.yaml", "x")
                        .problems())
                .extracting(p -> p.path())
                .containsExactly("metadata.lables");
    }

    @Test
    void rulesEndWhenTheirTimeIsOver() throws Exception {
        BlockingQueue<RuleChange> told = new LinkedBlockingQueue<>();
        // By the real clock, since it is about a timer; the registry of the fixture never ends anything: its clock
        // stands.
        registry.close();
        try (RuleRegistry timed = get(RuleRegistry.open(store, java.time.Clock.systemUTC(), "timed"));
                RuleRegistry other = get(RuleRegistry.open(store, java.time.Clock.systemUTC(), "other"))) {
            get(timed.create(rule("long", "reset for 1h"), ANN));
            StoredRule brief =
                    get(timed.create(rule("brief", "reset for 300ms"), ANN)).rule();
            other.subscribe(told::add);
            RuleChange change;
            do {
                change = told.poll(20, TimeUnit.SECONDS);
                assertThat(change).isNotNull();
                // The other one may not have seen the rule begin when it is asked to tell of changes.
            } while (change.before().get(brief.key()) == null || change.after().get(brief.key()) != null);
            assertThat(brief.expires()).isBeforeOrEqualTo(Instant.now());
            assertThat(change.after().size()).isEqualTo(1);
        }
    }

    @Test
    void everyChangeHasItsAuditRecord() {
        get(registry.create(rule("au", "reset for 1m"), ANN));
        get(registry.replace(rule("au", "abort 503 for 1m"), Precondition.NONE, ANN));
        get(registry.stop(Filter.ALL, ANN));
        get(registry.setKillSwitch(true, "why", ANN));
        List<String> records = new ArrayList<>();
        get(store.list("audit/new/", null, 100, 0)).entries().stream()
                .sorted(java.util.Comparator.comparingLong(e -> e.createRevision()))
                .forEach(e -> records.add(RuleCodec.text(RuleCodec.tree(e.value()), "action")));
        assertThat(records).containsExactly("rule.create", "rule.update", "rule.stop", "kill-switch.engage");
    }

    @Test
    void stoppingAllMissesNothingThatIsInTheStore() {
        try (RuleRegistry other = get(RuleRegistry.open(store, () -> now, "other"))) {
            for (int i = 0; i < 1_200; i++) {
                other.create(rule("m" + i, "reset for 1h"), ANN);
            }
            get(other.create(rule("last", "reset for 1h"), ANN));
            assertThat(get(registry.stop(Filter.ALL, ANN)).rules()).hasSize(1_201);
            assertThat(get(store.list(RuleCodec.RULES, null, 10, 0)).entries()).isEmpty();
            assertThat(registry.snapshot().size()).isZero();
        }
    }
}
