package dev.mishap.control.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreContract;
import dev.mishap.control.store.StoreException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemoryStoreTest extends StoreContract {
    private final Store store = LocalStore.inMemory();

    @Override
    protected Store store() {
        return store;
    }

    @Override
    protected Duration shortLease() {
        return Duration.ofMillis(300);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void aClosedStoreRefuses() throws Exception {
        Told told = new Told();
        store.watch("", 0, told);
        store.close();
        assertThat(told.next()).isInstanceOf(StoreException.Unavailable.class);
        assertThatThrownBy(() -> get(store.get("a"))).isInstanceOf(StoreException.Unavailable.class);
        assertThatThrownBy(() -> get(store.revoke(1))).isInstanceOf(StoreException.Unavailable.class);
    }
}
