package dev.mishap.control.store.place;

import dev.mishap.control.store.Store;
import dev.mishap.control.store.etcd.EtcdOptions;
import dev.mishap.control.store.etcd.EtcdStore;
import dev.mishap.control.store.local.LocalStore;
import dev.mishap.control.store.local.LogStore;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where a store is; with neither it is in memory, and gone with the process. With both it is in etcd, and the directory is for what else a
 * server keeps.
 *
 * @param directory of the durable store of one process, and of its other files
 * @param etcd a cluster that several share
 */
public record StorePlace(@Nullable Path directory, @Nullable EtcdOptions etcd) {
    public static final StorePlace MEMORY = new StorePlace(null, null);

    /** @throws IOException when it is in use, damaged, or can't be reached by what was given */
    public Store open() throws IOException {
        if (etcd != null) {
            return new EtcdStore(etcd);
        }
        return directory == null ? LocalStore.inMemory() : LogStore.open(directory);
    }

    /** In words, as in "rules are kept …". */
    @Override
    public String toString() {
        if (etcd != null) {
            return "in " + etcd;
        }
        return directory == null ? "in memory, and are gone when this process ends" : "in " + directory;
    }
}
