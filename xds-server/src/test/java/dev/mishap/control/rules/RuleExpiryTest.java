package dev.mishap.control.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.local.LocalStore;
import dev.mishap.rules.text.RuleLine;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.Test;

class RuleExpiryTest {
    private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");

    /** A replica that only stands by is told of every change for as long as it lives. */
    @Test
    void aRuleThatIsRenewedAgainAndAgainIsRememberedOnce() throws Exception {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1);
        try (Store store = LocalStore.inMemory();
                RuleRegistry registry = StoreException.await(RuleRegistry.open(store, () -> now, "first"), 20_000)) {
            RuleMirror mirror = new RuleMirror(store, executor, (snapshot, changed) -> {});
            RuleWrites writes = new RuleWrites(store, mirror, () -> now);
            try (RuleExpiry standby = new RuleExpiry(store, mirror, writes, () -> now, "second", executor)) {
                RuleSnapshot before = RuleSnapshot.EMPTY;
                RuleKey key = new RuleKey("default", "r");
                RuleDocument document =
                        new RuleDocument("default", Map.of(), null, RuleLine.parse("abort 503 for 2m", "r"));
                for (int i = 0; i < 5; i++) {
                    now = now.plusSeconds(1);
                    StoredRule rule = StoreException.await(
                                    registry.replace(document, Precondition.NONE, Caller.of("ann", "10.0.0.1")), 20_000)
                            .rule();
                    RuleSnapshot after = before.with(rule.revision(), rule);
                    tell(executor, standby, new RuleChange(before, after, Set.of(key)));
                    before = after;
                    assertThat(standby.size()).isEqualTo(1);
                }
                RuleSnapshot after = before.without(before.revision() + 1, key);
                tell(executor, standby, new RuleChange(before, after, Set.of(key)));
                assertThat(standby.size()).isZero();
            }
        } finally {
            executor.shutdownNow();
        }
    }

    private static void tell(ScheduledThreadPoolExecutor executor, RuleExpiry expiry, RuleChange change)
            throws Exception {
        executor.submit(() -> expiry.onChange(change)).get();
    }
}
