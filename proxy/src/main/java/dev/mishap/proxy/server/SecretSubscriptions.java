package dev.mishap.proxy.server;

import dev.mishap.proxy.admin.DynamicConfigs;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.SecretDelivery;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.InitTarget;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** SDS: one subscription for a secret, however many listeners and clusters want it. Confined to the main loop once that runs. */
final class SecretSubscriptions implements SecretDelivery {
    /** Envoy's version of a secret that did not come yet. */
    private static final String UNINITIALIZED = "uninitialized";

    private final Supplier<ConfigSources> sources;
    private final Scope root;
    private final Executor mainLoop;
    private final Map<String, Followed> all = new ConcurrentHashMap<>();

    SecretSubscriptions(Supplier<ConfigSources> sources, Scope root, Executor mainLoop) {
        this.sources = sources;
        this.root = root;
        this.mainLoop = mainLoop;
    }

    @Override
    public void subscribe(ConfigNode source, String name, @Nullable Owner owner, Consumer<ConfigNode> taker) {
        String key = name + '\n' + JsonWriter.compact(source.toJson());
        Followed followed = all.computeIfAbsent(key, k -> new Followed(source, name));
        InitTarget target = new InitTarget("SdsApi " + name, followed::start);
        followed.add(taker, target);
        if (owner == null) {
            mainLoop.execute(followed::start);
        } else {
            owner.life().init().add(target);
            owner.life().onEnd(() -> {
                if (followed.remove(taker, target)) {
                    all.remove(key, followed);
                }
            });
        }
    }

    /** The secrets for the admin server, in the order of their names; on any thread. */
    List<DynamicConfigs.DynamicSecret> views() {
        return all.values().stream()
                .map(f -> f.view)
                .sorted(Comparator.comparing(DynamicConfigs.DynamicSecret::name))
                .toList();
    }

    private final class Followed implements ResourceWatcher {
        private final String name;
        private final List<Consumer<ConfigNode>> takers = new ArrayList<>();
        private final List<InitTarget> waiting = new ArrayList<>();
        private final Subscription subscription;
        private boolean started;
        private @Nullable ConfigNode latest;
        private volatile DynamicConfigs.DynamicSecret view;
        private boolean answered;

        Followed(ConfigNode source, String name) {
            this.name = name;
            this.view = new DynamicConfigs.DynamicSecret(name, null, UNINITIALIZED, Instant.now());
            Scope scope = root.scope("sds." + name + ".");
            scope.counter("key_rotation_failed");
            this.subscription =
                    sources.get().subscribe(source, ResourceType.SECRET, new SubscriptionStats(scope), this);
        }

        void add(Consumer<ConfigNode> taker, InitTarget target) {
            takers.add(taker);
            ConfigNode known = latest;
            if (known != null) {
                taker.accept(known);
            }
            if (answered) {
                target.ready();
            } else {
                waiting.add(target);
            }
        }

        /** Whether nobody follows the secret any more. */
        boolean remove(Consumer<ConfigNode> taker, InitTarget target) {
            takers.remove(taker);
            waiting.remove(target);
            if (!takers.isEmpty()) {
                return false;
            }
            subscription.close();
            return true;
        }

        void start() {
            if (!started) {
                started = true;
                subscription.start(Set.of(name));
            }
        }

        @Override
        public void onUpdate(List<Resource> resources, String version) {
            for (Resource r : resources) {
                if (r.name().equals(name)) {
                    take(r.config());
                    view = new DynamicConfigs.DynamicSecret(name, r.config(), version, Instant.now());
                }
            }
            answered();
        }

        private void take(ConfigNode secret) {
            ConfigException refused = null;
            for (Consumer<ConfigNode> taker : List.copyOf(takers)) {
                try {
                    taker.accept(secret);
                } catch (ConfigException e) {
                    refused = e;
                }
            }
            if (refused != null) {
                throw refused;
            }
            latest = secret;
        }

        @Override
        public void onDelta(List<Resource> added, List<String> removed, String version) {
            onUpdate(added, version);
        }

        @Override
        public void onFailure() {
            answered();
        }

        private void answered() {
            answered = true;
            List<InitTarget> told = List.copyOf(waiting);
            waiting.clear();
            told.forEach(InitTarget::ready);
        }
    }
}
