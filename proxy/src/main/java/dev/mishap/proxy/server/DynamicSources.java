package dev.mishap.proxy.server;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.ResourceDecoder;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import dev.mishap.proxy.xds.file.FileSubscription;
import dev.mishap.proxy.xds.file.FileWatcher;

/** The kinds of sources that a {@code ConfigSource} may name. */
final class DynamicSources implements ConfigSources {
    private final ResourceDecoder decoder;
    private final FileWatcher files;

    DynamicSources(ResourceDecoder decoder, FileWatcher files) {
        this.decoder = decoder;
        this.files = files;
    }

    @Override
    public Subscription subscribe(
            ConfigNode source, ResourceType type, SubscriptionStats stats, ResourceWatcher watcher) {
        String kind = source.oneof("config_source_specifier");
        if (kind == null) {
            throw source.error("config_source_specifier", "value is required");
        }
        switch (kind) {
            case "path":
                return file(source.string("path"), "", type, stats, watcher);
            case "path_config_source": {
                ConfigNode path = source.required("path_config_source");
                ConfigNode directory = path.message("watched_directory");
                return file(
                        path.string("path"), directory == null ? "" : directory.string("path"), type, stats, watcher);
            }
            default:
                throw new ConfigException(source.error(kind, "is not supported").getMessage());
        }
    }

    private Subscription file(
            String path, String directory, ResourceType type, SubscriptionStats stats, ResourceWatcher watcher) {
        return new FileSubscription(path, directory, type, decoder, files, stats, watcher);
    }
}
