package dev.mishap.control.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.WatchListener;
import dev.mishap.control.store.local.LocalStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AuditLogTest {
    private final Store store = LocalStore.inMemory();
    private final AuditLog log = new AuditLog(store, "test");

    @AfterEach
    void close() {
        log.close();
        store.close();
    }

    private static <T> T get(CompletionStage<T> stage) {
        return StoreException.await(stage, 20_000);
    }

    private static AuditRecord record(int i) {
        return new AuditRecord(
                Instant.ofEpochSecond(i),
                "ann",
                "10.0.0.1",
                "rule.create",
                "default/r" + i,
                null,
                Map.of("n", i, "text", "\u00e4\ud83d\ude00\u007f\"\\"),
                null);
    }

    /** Waits until so many are chained. */
    private void await(long count) throws InterruptedException {
        CountDownLatch there = new CountDownLatch(1);
        WatchListener listener = new WatchListener() {
            @Override
            public void onEvents(long revision, List<dev.mishap.control.store.Event> events) {
                check();
            }

            @Override
            public void onProgress(long revision) {
                check();
            }

            private void check() {
                log.head().thenAccept(head -> {
                    if (head >= count) {
                        there.countDown();
                    }
                });
            }

            @Override
            public void onEnd(StoreException reason) {}
        };
        try (var watch = store.watch("audit/", get(store.revision()), listener)) {
            assertThat(watch).isNotNull();
            assertThat(there.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void recordsAreChainedInTheOrderOfTheChanges() throws Exception {
        for (int i = 1; i <= 100; i++) {
            if (i % 2 == 0) {
                get(log.append(record(i)));
            } else {
                get(store.commit(AuditLog.addTo(Transaction.builder().put("x", Bytes.EMPTY), record(i))
                        .build()));
            }
        }
        await(100);
        assertThat(get(log.settled())).isTrue();
        assertThat(get(log.verify())).isEmpty();
        AuditLog.Listing part = get(log.list(41, 20));
        assertThat(part.next()).isEqualTo(61);
        assertThat(part.entries())
                .extracting(AuditEntry::sequence)
                .startsWith(41L)
                .endsWith(60L);
        assertThat(part.entries().get(0).record()).contains("\"target\":\"default/r41\"");
        assertThat(get(log.newest(3))).extracting(AuditEntry::sequence).containsExactly(100L, 99L, 98L);
        List<String> lines = new ArrayList<>();
        assertThat(get(log.export(lines::add))).isEqualTo(100);
        AuditVerifier verifier = new AuditVerifier();
        lines.forEach(line -> verifier.accept(AuditEntry.parse(line)));
        assertThat(verifier.problems()).isEmpty();
    }

    @Test
    void everyTamperingIsFound() throws Exception {
        for (int i = 1; i <= 6; i++) {
            get(log.append(record(i)));
        }
        await(6);
        AuditEntry third = get(log.list(3, 1)).entries().get(0);
        get(store.commit(
                Transaction.put(AuditLog.key(3), Bytes.utf8(third.line().replace("\"ann\"", "\"bob\"")))));
        assertThat(get(log.verify())).containsExactly("entry 3 was changed");
        AuditEntry forged = AuditEntry.chain(3, third.previous(), third.record().replace("\"ann\"", "\"bob\""));
        get(store.commit(Transaction.put(AuditLog.key(3), Bytes.utf8(forged.line()))));
        assertThat(get(log.verify())).containsExactly("entry 4 does not follow the one before");
        get(store.commit(Transaction.put(AuditLog.key(3), Bytes.utf8(third.line()))));
        assertThat(get(log.verify())).isEmpty();
        get(store.commit(Transaction.delete(AuditLog.key(2))));
        assertThat(get(log.verify()))
                .containsExactly("after entry 1 comes 3", "entry 3 does not follow the one before");
        get(store.commit(Transaction.delete(AuditLog.key(6))));
        assertThat(get(log.verify())).contains("the head is entry 6, the last one found is 5");
    }

    @Test
    void aHugeRecordKeepsItsFacts() throws Exception {
        get(log.append(new AuditRecord(
                Instant.EPOCH, "ann", "x".repeat(5000), "a", "t", Map.of("k", "v".repeat(900_000)), null, "note")));
        await(1);
        assertThat(get(log.list(1, 1)).entries().get(0).record())
                .contains("\"who\":\"ann\"")
                .contains("note; before and after are left out")
                .hasSizeLessThan(3000);
    }

    @Test
    void theOldestGoAndTheRestIsStillAChain() throws Exception {
        log.close();
        try (AuditLog small = new AuditLog(store, "small", 50)) {
            for (int i = 1; i <= 400; i++) {
                small.append(record(i));
            }
            await(400);
            AuditLog.Listing oldest = get(small.list(1, 1));
            while (oldest.entries().get(0).sequence() <= 300) {
                oldest = get(small.list(1, 1));
            }
            assertThat(get(small.verify())).isEmpty();
            List<String> lines = new ArrayList<>();
            get(small.export(lines::add));
            assertThat(lines).hasSizeLessThan(150);
            AuditVerifier verifier = new AuditVerifier();
            lines.forEach(line -> verifier.accept(AuditEntry.parse(line)));
            assertThat(verifier.problems()).isEmpty();
            get(store.commit(
                    Transaction.delete(AuditLog.key(oldest.entries().get(0).sequence()))));
            assertThat(get(small.verify())).isNotEmpty();
        }
    }
}
