package dev.mishap.proxy.server;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.xds.file.FileWatcher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Watches what a configuration has watched; that it cannot be is a fault of the configuration. */
record FileWatches(FileWatcher files) {
    void directory(Path directory, Runnable moved) {
        try {
            files.directory(directory, moved);
        } catch (IOException e) {
            throw new ConfigException("unable to watch the directory " + directory + ": " + e.getMessage());
        }
    }

    void file(Path file, Runnable moved) {
        try {
            files.file(file, moved);
        } catch (IOException e) {
            String why = Files.exists(file) ? e.getMessage() : "No such file or directory";
            throw new ConfigException("unable to add filesystem watch for file " + file + ": " + why);
        }
    }
}
