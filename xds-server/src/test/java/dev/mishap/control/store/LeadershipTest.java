package dev.mishap.control.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.control.store.local.LocalStore;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LeadershipTest {
    private final Store store = LocalStore.inMemory();
    private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();

    @AfterEach
    void close() {
        executor.shutdownNow();
        store.close();
    }

    private Leadership run(String who) {
        return new Leadership(store, "task", who, Duration.ofSeconds(2), executor, new Leadership.Listener() {
            @Override
            public void onElected() {
                told.add(who + " elected");
            }

            @Override
            public void onLost() {
                told.add(who + " lost");
            }
        });
    }

    private String next() throws InterruptedException {
        return told.poll(20, TimeUnit.SECONDS);
    }

    @Test
    void oneHasItAndTheNextFollows() throws Exception {
        Leadership first = run("a");
        assertThat(next()).isEqualTo("a elected");
        assertThat(first.held()).isTrue();
        try (Leadership second = run("b")) {
            store.commit(first.fence(Transaction.builder())
                            .put("x", Bytes.EMPTY)
                            .build())
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS);
            assertThat(second.held()).isFalse();
            Transaction late =
                    first.fence(Transaction.builder()).put("x", Bytes.EMPTY).build();
            first.close();
            assertThat(next()).isEqualTo("b elected");
            assertThatThrownBy(() -> StoreException.await(store.commit(late), 20_000))
                    .satisfies(e -> assertThat(first.isFenced(e)).isTrue());
            assertThat(second.held()).isTrue();
            assertThat(first.held()).isFalse();
        }
    }

    @Test
    void whoLosesItsLeaseIsToldAndRunsAgain() throws Exception {
        try (Leadership leader = run("a")) {
            assertThat(next()).isEqualTo("a elected");
            Entry entry = StoreException.await(store.get("leader/task"), 20_000).orElseThrow();
            StoreException.await(store.revoke(entry.lease()), 20_000);
            assertThat(next()).isEqualTo("a lost");
            assertThat(next()).isEqualTo("a elected");
            assertThat(leader.held()).isTrue();
        }
    }
}
