package dev.mishap.proxy.server;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.rules.KillSwitch;
import dev.mishap.proxy.xds.file.FileWatcher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The kill switch as a file: all faults are off while it exists, whatever it holds. Its directory is watched on a thread of its own,
 * so that a main loop at work holds nothing up, and as a whole: what Kubernetes mounts appears by a change of a link beside it.
 */
final class KillFile implements AutoCloseable {
    private final Path file;
    private final KillSwitch kill;
    private final FileWatcher watcher = new FileWatcher(Runnable::run);

    private KillFile(Path file, KillSwitch kill) {
        this.file = file;
        this.kill = kill;
    }

    /**
     * Watches from now on, if there is something to watch.
     *
     * @throws ConfigException when a file was asked for whose directory can't be watched
     */
    static AutoCloseable watch(SafetyOptions options, KillSwitch kill) {
        Path file = options.killFile();
        if (file == null) {
            return () -> {};
        }
        Path directory = file.getParent();
        if (directory == null || !Files.isDirectory(directory)) {
            if (options.killFileGiven()) {
                throw new ConfigException("the kill file " + file + " can't be watched: its directory does not exist");
            }
            return () -> {};
        }
        KillFile made = new KillFile(file, kill);
        try {
            made.watcher.comingAndGoing(directory, made::look);
        } catch (IOException e) {
            made.close();
            if (options.killFileGiven()) {
                throw new ConfigException("the kill file " + file + " can't be watched: " + e.getMessage());
            }
            return () -> {};
        }
        kill.file(file.toString());
        made.look();
        return made;
    }

    private synchronized void look() {
        if (Files.exists(file)) {
            kill.kill(KillSwitch.Cause.FILE, "the file " + file + " is there");
        } else {
            kill.arm(KillSwitch.Cause.FILE, "the file " + file + " is gone");
        }
    }

    @Override
    public void close() {
        watcher.close();
    }
}
