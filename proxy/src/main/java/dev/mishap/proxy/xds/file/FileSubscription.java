package dev.mishap.proxy.xds.file;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceDecoder;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Resources from a {@code DiscoveryResponse} in a file. It is read when the subscription starts, and again whenever it is moved
 * into place, or something is moved into {@code watched_directory} when there is one. What can't be read or accepted leaves
 * the resources of before.
 */
public final class FileSubscription implements Subscription {
    private static final Logger LOG = LoggerFactory.getLogger("config");

    private final Path path;
    private final @Nullable Path directory;
    private final ResourceType type;
    private final ResourceDecoder decoder;
    private final FileWatcher watcher;
    private final SubscriptionStats stats;
    private final ResourceWatcher subscriber;
    private FileWatcher.@Nullable Watch watch;
    private boolean closed;

    /**
     * A subscription that is to be started.
     *
     * @param path the file, which must exist
     * @param directory {@code watched_directory.path}, {@code ""} = the file itself is watched
     */
    public FileSubscription(
            String path,
            String directory,
            ResourceType type,
            ResourceDecoder decoder,
            FileWatcher watcher,
            SubscriptionStats stats,
            ResourceWatcher subscriber) {
        this.path = existing(path);
        this.directory = directory.isEmpty() ? null : watched(directory);
        this.type = type;
        this.decoder = decoder;
        this.watcher = watcher;
        this.stats = stats;
        this.subscriber = subscriber;
    }

    private static Path watched(String directory) {
        try {
            Path p = Path.of(directory);
            if (Files.exists(p)) {
                return p;
            }
        } catch (InvalidPathException e) {
            // said below
        }
        throw new ConfigException(
                "unable to add filesystem watch for file " + directory + "/: No such file or directory");
    }

    private static Path existing(String path) {
        try {
            Path p = Path.of(path);
            if (Files.exists(p)) {
                return p;
            }
        } catch (InvalidPathException e) {
            // said below
        }
        throw new ConfigException("paths must refer to an existing path in the system: '" + path + "' does not exist");
    }

    @Override
    public void start(Set<String> names) {
        try {
            watch = directory == null ? watcher.file(path, this::refresh) : watcher.directory(directory, this::refresh);
        } catch (IOException e) {
            LOG.warn("can't watch {}, its changes need a restart: {}", path, e.toString());
        }
        refresh();
    }

    /** A file has what it has. */
    @Override
    public void names(Set<String> names) {}

    private void refresh() {
        if (closed) {
            return;
        }
        stats.attempt();
        ResourceDecoder.Response response;
        try {
            response = decoder.file(path);
        } catch (ConfigException e) {
            LOG.warn("Filesystem config update failure: in {}, {}", path, e.getMessage());
            stats.failed();
            subscriber.onRefused(e.getMessage());
            return;
        }
        String version = response.version();
        long began = System.nanoTime();
        try {
            List<Resource> resources = decoder.resources(response, type);
            subscriber.onUpdate(resources, version);
        } catch (ConfigException e) {
            rejected(e.getMessage());
            return;
        } catch (RuntimeException e) {
            // A defect of ours that a resource brings to light must cost that update only.
            LOG.error("unexpected error in an update from {}", path, e);
            rejected(e.toString());
            return;
        }
        stats.accepted(version, System.nanoTime() - began);
        LOG.debug("Filesystem config update accepted for {}: {}", path, version);
    }

    private void rejected(String why) {
        LOG.warn("Filesystem config update rejected: {}", why);
        stats.rejected();
        subscriber.onRefused(why);
    }

    @Override
    public void close() {
        closed = true;
        FileWatcher.Watch w = watch;
        if (w != null) {
            w.close();
        }
    }
}
