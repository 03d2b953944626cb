package dev.mishap.control.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.local.LocalStore;
import dev.mishap.control.store.local.LogStore;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreCommandTest {
    @TempDir
    private Path directory;

    private String path(String name) {
        return directory.resolve(name).toString();
    }

    @Test
    void backsUpRestoresAndChecks() throws Exception {
        try (LocalStore store = LogStore.open(directory.resolve("a"))) {
            StoreException.await(store.commit(Transaction.put("k", Bytes.utf8("v"))), 20_000);
        }
        CommandRun backup = CommandRun.of("store", "backup", "--data-dir", path("a"), path("file"));
        assertThat(backup.out()).isEqualTo("1 entries are in " + path("file") + "\n");
        CommandRun restore = CommandRun.of("store", "restore", "--data-dir", path("b"), path("file"));
        assertThat(restore.out()).isEqualTo("1 entries of " + path("file") + " are in the store\n");
        CommandRun again = CommandRun.of("store", "restore", "--data-dir", path("b"), path("file"));
        assertThat(again.exit()).isEqualTo(2);
        assertThat(again.err()).contains("not empty");
        CommandRun check = CommandRun.of("store", "check", "--data-dir", path("b"));
        assertThat(check.out()).contains("the audit log is whole");
        CommandRun repair = CommandRun.of("store", "repair", "--data-dir", path("b"));
        assertThat(repair.out()).isEqualTo("nothing is damaged\n");
    }

    @Test
    void saysWhatIsWrong() {
        assertThat(CommandRun.of("store", "backup", path("f")).err()).contains("which store?");
        assertThat(CommandRun.of("store", "check", "--data-dir", path("a"), "--etcd", "http://h")
                        .err())
                .contains("either in a directory or in etcd");
        assertThat(CommandRun.of("store", "check", "--etcd", "h:2379").err()).contains("http://HOST:PORT");
        assertThat(CommandRun.of("store", "restore", "--data-dir", path("a"), path("none"))
                        .err())
                .contains("no such file");
        assertThat(CommandRun.of("store").err()).contains("a command is missing");
    }
}
