package dev.mishap.proxy.xds;

import dev.mishap.proxy.config.schema.ConfigNode;

/** Makes subscriptions: the one place that knows which kind of {@code envoy.config.core.v3.ConfigSource} is carried by what. */
public interface ConfigSources {
    /**
     * Makes a subscription that is to be started.
     *
     * @param source {@code ConfigSource}
     * @param stats where the subscription counts
     * @throws dev.mishap.proxy.config.schema.ConfigException when there can be no such source
     */
    Subscription subscribe(ConfigNode source, ResourceType type, SubscriptionStats stats, ResourceWatcher watcher);
}
