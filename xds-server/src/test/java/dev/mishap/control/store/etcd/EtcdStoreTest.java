package dev.mishap.control.store.etcd;

import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreContract;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The contract of stores, on a real etcd. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EtcdStoreTest extends StoreContract {
    private EtcdProcess etcd;
    private Store store;

    @BeforeAll
    void start(@TempDir Path directory) throws IOException {
        EtcdProcess.need();
        etcd = EtcdProcess.single(directory, "http");
        store = new EtcdStore(EtcdOptions.of(etcd.endpoint()));
    }

    @AfterAll
    void stop() {
        if (store != null) {
            store.close();
            etcd.close();
        }
    }

    @Override
    protected Store store() {
        return store;
    }

    @Override
    protected Duration shortLease() {
        return Duration.ofSeconds(1);
    }
}
