package dev.mishap.control.cli;

import dev.mishap.control.Failures;
import dev.mishap.control.audit.AuditLog;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.backup.Backup;
import dev.mishap.control.store.local.LogStore;
import dev.mishap.control.store.place.StorePlace;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What is done to a control plane's store by hand. */
@Command(
        name = "store",
        description = "Back up, restore, check and repair a control plane's store.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            StoreCommand.BackupCommand.class,
            StoreCommand.RestoreCommand.class,
            StoreCommand.CheckCommand.class,
            StoreCommand.RepairCommand.class
        })
final class StoreCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    /** What all of them share. */
    abstract static class OnStore implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private StoreFlags flags = new StoreFlags();

        abstract int run(Store store, PrintWriter out) throws IOException;

        /** Whether it may begin a store where there is none. */
        boolean begins() {
            return false;
        }

        @Override
        public Integer call() throws IOException {
            StorePlace place;
            try {
                place = flags.place();
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
            }
            if (place.equals(StorePlace.MEMORY)) {
                throw new ParameterException(spec.commandLine(), "which store? Give --data-dir or --etcd");
            }
            if (place.directory() != null && place.etcd() != null) {
                throw new ParameterException(
                        spec.commandLine(), "a store is either in a directory or in etcd; give one");
            }
            if (place.directory() != null && !begins()) {
                requireStore(place.directory());
            }
            PrintWriter out = spec.commandLine().getOut();
            try (Store store = place.open()) {
                int result = run(store, out);
                out.flush();
                return result;
            } catch (NoSuchFileException e) {
                throw new IOException(e.getFile() + ": " + Failures.text(e), e);
            }
        }
    }

    /** A directory that was misspelt must not pass for an empty store, whose backup would be one of nothing. */
    private static void requireStore(Path directory) throws IOException {
        if (!LogStore.isIn(directory)) {
            throw new IOException(directory + ": there is no store here; expected the --data-dir of a control plane");
        }
    }

    @Command(
            name = "backup",
            description =
                    "Write all that is in the store to one file. A directory's store must not be in use; etcd may be.")
    static final class BackupCommand extends OnStore {
        @Parameters(
                paramLabel = "FILE",
                description = "The file; one that is there is replaced when the new one is whole.")
        private Path file = Path.of("");

        @Override
        int run(Store store, PrintWriter out) throws IOException {
            out.println(Backup.write(store, file) + " entries are in " + file);
            return Mishap.OK;
        }
    }

    @Command(
            name = "restore",
            description = "Fill a store from a backup of any store. No control plane may use it meanwhile.")
    static final class RestoreCommand extends OnStore {
        @Parameters(paramLabel = "FILE", description = "The backup.")
        private Path file = Path.of("");

        @Option(names = "--replace", description = "What is in the store goes. Without it, the store must be empty.")
        private boolean replace;

        @Override
        boolean begins() {
            return true;
        }

        @Override
        int run(Store store, PrintWriter out) throws IOException {
            out.println(Backup.restore(file, store, replace) + " entries of " + file + " are in the store");
            return Mishap.OK;
        }
    }

    @Command(
            name = "check",
            description = "Check that the store can be read and that the chain of its audit log is whole.",
            footer = "Exit codes: 0 whole, 1 the audit log was tampered with, 2 the store can't be read.")
    static final class CheckCommand extends OnStore {
        private static final long TIMEOUT_MILLIS = 600_000;

        @Override
        int run(Store store, PrintWriter out) {
            long revision = StoreException.await(store.revision(), TIMEOUT_MILLIS);
            List<String> problems = StoreException.await(AuditLog.verify(store), TIMEOUT_MILLIS);
            out.println("the store is at revision " + revision);
            problems.forEach(problem -> out.println("audit log: " + problem));
            if (problems.isEmpty()) {
                out.println("the audit log is whole");
            }
            return problems.isEmpty() ? Mishap.OK : Mishap.NO;
        }
    }

    @Command(
            name = "repair",
            description =
                    "Give up what can't be read of a damaged store, and all that was written after it. The damaged files are kept"
                            + " beside. Restore a backup instead, if there is one.")
    static final class RepairCommand implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Option(names = "--data-dir", paramLabel = "DIR", required = true, description = "The store's directory.")
        private Path directory = Path.of("");

        @Override
        public Integer call() throws IOException {
            requireStore(directory);
            List<String> done = LogStore.repair(directory);
            PrintWriter out = spec.commandLine().getOut();
            done.forEach(out::println);
            out.println(done.isEmpty() ? "nothing is damaged" : "the store can be opened again");
            out.flush();
            return Mishap.OK;
        }
    }
}
