package dev.mishap.proxy.runtime;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.InitTarget;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One layer of the runtime that is discovered. */
final class Rtds implements ResourceWatcher {
    private final String name;
    private final Consumer<@Nullable Object> values;
    private final Subscription subscription;
    private final InitTarget target;

    /**
     * @param layer {@code RtdsLayer}
     * @param values told of the layer's Struct, null when the layer is gone
     */
    Rtds(ConfigNode layer, ConfigSources sources, Scope stats, Consumer<@Nullable Object> values) {
        this.name = layer.string("name");
        this.values = values;
        this.subscription = sources.subscribe(
                layer.messageOrEmpty("rtds_config"),
                ResourceType.RUNTIME,
                new SubscriptionStats(stats.scope("runtime.")),
                this);
        this.target = new InitTarget("RTDS " + name, () -> subscription.start(Set.of(name)));
    }

    InitTarget target() {
        return target;
    }

    @Override
    public void onUpdate(List<Resource> resources, String version) {
        try {
            if (resources.size() != 1) {
                throw new ConfigException("Unexpected RTDS resource length: " + resources.size());
            }
            accept(resources.get(0));
        } finally {
            target.ready();
        }
    }

    private void accept(Resource resource) {
        if (!resource.name().equals(name)) {
            throw new ConfigException("Unexpected RTDS runtime (expecting " + name + "): " + resource.name());
        }
        values.accept(resource.config().struct("layer"));
    }

    @Override
    public void onDelta(List<Resource> added, List<String> removed, String version) {
        try {
            if (added.size() > 1) {
                throw new ConfigException("Unexpected RTDS resource length: " + added.size());
            }
            for (Resource resource : added) {
                accept(resource);
            }
            if (added.isEmpty() && removed.contains(name)) {
                values.accept(null);
            }
        } finally {
            target.ready();
        }
    }

    @Override
    public void onFailure() {
        target.ready();
    }

    void close() {
        subscription.close();
    }
}
