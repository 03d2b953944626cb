package dev.mishap.proxy.xds;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.OwnedScope;
import dev.mishap.proxy.observe.stats.Scope;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Filters whose configuration is discovered (ECDS). Those of one kind, name and source share a subscription, so that a listener that is
 * replaced has its filters at once. Confined to the main loop, but for {@link #views}.
 */
public final class ExtensionConfigs {
    private final ConfigSources sources;
    private final Scope root;
    private final List<Shared> all = new CopyOnWriteArrayList<>();

    /** A configuration as the admin server shows it. */
    public record View(ConfigNode config, String version, Instant updated) {}

    public ExtensionConfigs(ConfigSources sources, Scope root) {
        this.sources = sources;
        this.root = root;
    }

    /**
     * Subscribes a filter of a chain; the listener waits for its configuration unless a default serves meanwhile.
     *
     * @param kind of filter, as stats name it: {@code http_filter}
     * @param discovery {@code envoy.config.core.v3.ExtensionConfigSource}
     * @param life of the listener or chain
     */
    public void add(String kind, String name, ConfigNode discovery, DiscoveredExtension filter, Lifecycle life) {
        boolean waits = !discovery.bool("apply_default_config_without_warming", false);
        add(kind, name, discovery.required("config_source"), waits, filter, life);
    }

    /**
     * The same for a place that is no filter.
     *
     * @param source {@code envoy.config.core.v3.ConfigSource}
     * @param waits whether what it is part of waits for the first configuration
     */
    public void add(
            String kind, String name, ConfigNode source, boolean waits, DiscoveredExtension filter, Lifecycle life) {
        Shared shared = find(kind, name, source);
        if (shared == null) {
            shared = new Shared(kind, name, source);
            all.add(shared);
        }
        Shared used = shared;
        used.add(filter);
        life.init().add(waits ? used.target : used.started());
        life.onEnd(() -> {
            if (used.remove(filter)) {
                all.remove(used);
            }
        });
    }

    private @Nullable Shared find(String kind, String name, ConfigNode source) {
        for (Shared s : all) {
            if (s.kind.equals(kind) && s.name.equals(name) && s.source.sameAs(source)) {
                return s;
            }
        }
        return null;
    }

    /** Whether there is any such filter. */
    public boolean isUsed() {
        return !all.isEmpty();
    }

    /** Those that are loaded, for the admin server. */
    public List<View> views() {
        List<View> views = new ArrayList<>();
        for (Shared s : all) {
            View view = s.view;
            if (view != null) {
                views.add(view);
            }
        }
        return views;
    }

    private final class Shared implements ResourceWatcher {
        final String kind;
        final String name;
        final ConfigNode source;
        final List<DiscoveredExtension> filters = new ArrayList<>();
        final InitTarget target;
        private final Subscription subscription;
        private final OwnedScope scope;
        private final Counter reload;
        private final Counter fail;
        private boolean started;
        private @Nullable ConfigNode config;
        private volatile @Nullable View view;

        Shared(String kind, String name, ConfigNode source) {
            this.kind = kind;
            this.name = name;
            this.source = source;
            scope = root.owned("extension_config_discovery." + kind + "." + name + ".");
            reload = scope.counter("config_reload");
            fail = scope.counter("config_fail");
            scope.counter("config_conflict");
            subscription = sources.subscribe(source, ResourceType.EXTENSION_CONFIG, new SubscriptionStats(scope), this);
            target = new InitTarget("FilterConfigSubscription init " + name, this::start);
        }

        private void start() {
            if (!started) {
                started = true;
                subscription.start(Set.of(name));
            }
        }

        /** A target that is ready as soon as the subscription is under way. */
        InitTarget started() {
            InitTarget[] made = new InitTarget[1];
            made[0] = new InitTarget("FilterConfigSubscription start " + name, () -> {
                start();
                made[0].ready();
            });
            return made[0];
        }

        void add(DiscoveredExtension filter) {
            ConfigNode known = config;
            if (known != null) {
                filter.prepare(known).run();
            } else if (target.isReady()) {
                filter.absentAtFirst();
            }
            filters.add(filter);
        }

        boolean remove(DiscoveredExtension filter) {
            filters.remove(filter);
            if (filters.isEmpty()) {
                subscription.close();
                scope.close();
                return true;
            }
            return false;
        }

        @Override
        public void onUpdate(List<Resource> resources, String version) {
            if (resources.size() != 1) {
                throw failed("Unexpected number of resources in ExtensionConfigDS response: " + resources.size());
            }
            Resource resource = resources.get(0);
            if (!resource.name().equals(name)) {
                throw failed("Unexpected resource name in ExtensionConfigDS response: " + resource.name());
            }
            ConfigNode next = resource.config().message("typed_config");
            if (next == null) {
                throw failed("Error: filter config has type URL  but expect one of type_urls.");
            }
            ConfigNode before = config;
            if (before == null || !before.sameAs(next)) {
                List<Runnable> prepared = new ArrayList<>();
                try {
                    filters.forEach(f -> prepared.add(f.prepare(next)));
                } catch (ConfigException e) {
                    throw failed(e.getMessage());
                }
                prepared.forEach(Runnable::run);
                config = next;
                reload.inc();
            }
            view = new View(resource.config(), version, Instant.now());
            target.ready();
        }

        private ConfigException failed(String why) {
            fail.inc();
            return new ConfigException(why);
        }

        @Override
        public void onDelta(List<Resource> added, List<String> removed, String version) {
            if (!added.isEmpty()) {
                onUpdate(added, added.get(0).version());
            } else if (removed.contains(name)) {
                config = null;
                view = null;
                filters.forEach(DiscoveredExtension::absent);
                reload.inc();
                target.ready();
            }
        }

        @Override
        public void onFailure() {
            filters.forEach(DiscoveredExtension::absentAtFirst);
            target.ready();
        }
    }
}
