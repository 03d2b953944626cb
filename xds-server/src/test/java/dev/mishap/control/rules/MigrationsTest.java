package dev.mishap.control.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.backup.Backup;
import dev.mishap.control.store.local.LocalStore;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.yaml.RuleWriter;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MigrationsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private final Store store = LocalStore.inMemory();

    @AfterEach
    void close() {
        store.close();
    }

    private static <T> T get(CompletionStage<T> stage) {
        return StoreException.await(stage, 20_000);
    }

    private void version0() {
        for (int i = 0; i < 250; i++) {
            get(store.commit(
                    Migrations.rule0("r" + i, RuleWriter.write(RuleLine.parse("abort 503 5% for 2m", "r" + i)))));
        }
    }

    @Test
    void rulesOfSchema0AreBroughtUp() {
        version0();
        get(store.commit(Migrations.rule0("bad", Map.of("kind", "Nonsense"))));
        try (RuleRegistry registry = get(RuleRegistry.open(store, () -> NOW, "a"))) {
            assertThat(registry.snapshot().size()).isEqualTo(250);
            StoredRule rule = registry.get(new RuleKey("default", "r7"));
            assertThat(rule.rule()).isEqualTo(RuleLine.parse("abort 503 5% for 2m", "r7"));
            assertThat(rule.expires()).isEqualTo(NOW.plusSeconds(120));
            assertThat(rule.who()).isEqualTo("migration");
        }
        assertThat(get(store.list("rules/", null, 10, 0)).entries())
                .as("what can't be read is not lost")
                .extracting(e -> e.key())
                .containsExactly("rules/bad");
        assertThat(get(store.get(Migrations.VERSION)).orElseThrow().value()).isEqualTo(Bytes.utf8("1"));
    }

    @Test
    void replicasMayDoItAtTheSameTime() {
        version0();
        CompletionStage<RuleRegistry> first = RuleRegistry.open(store, () -> NOW, "a");
        CompletionStage<RuleRegistry> second = RuleRegistry.open(store, () -> NOW, "b");
        try (RuleRegistry a = get(first);
                RuleRegistry b = get(second)) {
            assertThat(a.snapshot().size()).isEqualTo(250);
            assertThat(b.snapshot().size()).isEqualTo(250);
        }
    }

    @Test
    void aStoreOfANewerProgramOrHalfRestoredIsRefused() {
        get(store.commit(Transaction.put(Migrations.VERSION, Bytes.utf8("2"))));
        assertThatThrownBy(() -> get(RuleRegistry.open(store, () -> NOW, "a")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("newer program (schema 2)");
        get(store.commit(Transaction.put(Backup.UNFINISHED, Bytes.EMPTY)));
        assertThatThrownBy(() -> get(RuleRegistry.open(store, () -> NOW, "a")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("half restored");
    }
}
