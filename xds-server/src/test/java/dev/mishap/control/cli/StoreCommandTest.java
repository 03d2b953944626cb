package dev.mishap.control.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.local.LocalStore;
import dev.mishap.control.store.local.LogStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    @ParameterizedTest
    @ValueSource(strings = {"backup", "check", "repair"})
    void aMisspeltDirectoryIsNoEmptyStore(String command) throws Exception {
        List<String> args = new ArrayList<>(List.of("store", command, "--data-dir", path("none")));
        if (command.equals("backup")) {
            args.add(path("file"));
        }
        CommandRun run = CommandRun.of(args.toArray(new String[0]));
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains(path("none") + ": there is no store here");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatIsNoBackupIsSaidWithTheFile() throws Exception {
        Files.writeString(directory.resolve("junk"), "junk");
        Files.createFile(directory.resolve("empty"));
        assertThat(CommandRun.of("store", "restore", "--data-dir", path("a"), path("junk"))
                        .err())
                .contains(path("junk") + ": this is no backup");
        assertThat(CommandRun.of("store", "restore", "--data-dir", path("a"), path("empty"))
                        .err())
                .contains(path("empty") + ": it is cut off after 0 entries");
    }
}
