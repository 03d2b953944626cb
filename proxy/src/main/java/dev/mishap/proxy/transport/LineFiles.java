package dev.mishap.proxy.transport;

import java.util.function.Consumer;

/** Files that transport sockets append lines to; {@link TransportContext} has the process's. */
@FunctionalInterface
public interface LineFiles {
    /**
     * What takes lines, from any thread and without waiting for the disk, for the file at {@code path}; the same path may be opened again.
     *
     * @throws dev.mishap.proxy.config.schema.ConfigException when it can't be opened
     */
    Consumer<String> open(String path);
}
