package dev.mishap.proxy.xds;

import dev.mishap.proxy.config.schema.ConfigException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * How each resource that is subscribed to stands: asked for, accepted, refused and why. Written on the main loop by what stands
 * between subscriptions and their watchers, read on any thread.
 */
public final class ResourceStates {
    /** What of these types is removed serves on. */
    private static final Set<ResourceType> STAYS =
            EnumSet.of(ResourceType.ENDPOINT, ResourceType.ROUTE, ResourceType.SECRET);

    private record Key(ResourceType type, String name) {}

    private record Entry(Tracked owner, ResourceStatus status) {}

    private final Map<Key, Entry> all = new ConcurrentHashMap<>();

    /** How a resource stands, null when nobody subscribed to it. */
    public @Nullable ResourceStatus of(ResourceType type, String name) {
        Entry e = all.get(new Key(type, name));
        return e == null ? null : e.status();
    }

    /** Those of a type of which no version is in use, by name. */
    public List<ResourceStatus> absent(ResourceType type) {
        List<ResourceStatus> absent = new ArrayList<>();
        all.forEach((key, e) -> {
            if (key.type() == type && !e.status().isInUse()) {
                absent.add(e.status());
            }
        });
        absent.sort((a, b) -> a.name().compareTo(b.name()));
        return absent;
    }

    /** Sources whose subscriptions are followed here. */
    public ConfigSources follow(ConfigSources sources) {
        return (source, type, stats, watcher) -> {
            Tracked tracked = new Tracked(type, watcher);
            return tracked.of(sources.subscribe(source, type, stats, tracked));
        };
    }

    private final class Tracked implements ResourceWatcher {
        private final ResourceType type;
        private final ResourceWatcher watcher;
        private final Set<String> names = new HashSet<>();
        private boolean told;

        Tracked(ResourceType type, ResourceWatcher watcher) {
            this.type = type;
            this.watcher = watcher;
        }

        Subscription of(Subscription subscription) {
            return new Subscription() {
                @Override
                public void start(Set<String> wanted) {
                    want(wanted);
                    subscription.start(wanted);
                }

                @Override
                public void names(Set<String> wanted) {
                    want(wanted);
                    subscription.names(wanted);
                }

                @Override
                public boolean incremental() {
                    return subscription.incremental();
                }

                @Override
                public void close() {
                    want(Set.of());
                    subscription.close();
                }
            };
        }

        private void want(Set<String> wanted) {
            for (String gone : List.copyOf(names)) {
                if (!wanted.contains(gone)) {
                    forget(gone);
                }
            }
            for (String name : wanted) {
                if (names.add(name)) {
                    // What another subscriber has of the same name stays until this one hears of it.
                    all.putIfAbsent(
                            new Key(type, name),
                            new Entry(this, new ResourceStatus(name, ResourceStatus.State.REQUESTED, "", null)));
                }
            }
        }

        private void forget(String name) {
            names.remove(name);
            all.computeIfPresent(new Key(type, name), (k, e) -> e.owner() == this ? null : e);
        }

        private void put(
                String name, ResourceStatus.State state, String version, ResourceStatus.@Nullable Refusal error) {
            if (type.wildcard()) {
                names.add(name);
            }
            if (names.contains(name)) {
                all.put(new Key(type, name), new Entry(this, new ResourceStatus(name, state, version, error)));
            }
        }

        private void refused(@Nullable Resource resource, String name, String version, String why) {
            ResourceStatus before = ResourceStates.this.of(type, name);
            put(
                    name,
                    ResourceStatus.State.NACKED,
                    before == null ? "" : before.version(),
                    new ResourceStatus.Refusal(
                            resource == null ? null : resource.unchecked(), version, why, Instant.now()));
        }

        @Override
        public void onUpdate(List<Resource> resources, String version) {
            told = false;
            try {
                watcher.onUpdate(resources, version);
            } catch (ConfigException e) {
                refused(resources, version, e);
                throw e;
            }
            accepted(resources, version, Map.of());
            if (type.wildcard()) {
                Set<String> there = new HashSet<>();
                resources.forEach(r -> there.add(r.name()));
                List.copyOf(names).stream().filter(n -> !there.contains(n)).forEach(this::forget);
            }
        }

        @Override
        public void onDelta(List<Resource> added, List<String> removed, String version) {
            told = false;
            try {
                watcher.onDelta(added, removed, version);
            } catch (ConfigException e) {
                refused(added, version, e);
                throw e;
            }
            accepted(added, version, Map.of());
            for (String name : removed) {
                if (type.wildcard()) {
                    forget(name);
                } else {
                    ResourceStatus before = ResourceStates.this.of(type, name);
                    String last = before != null && STAYS.contains(type) ? before.version() : "";
                    put(name, ResourceStatus.State.DOES_NOT_EXIST, last, null);
                }
            }
        }

        @Override
        public void onAnswered(List<String> answered) {
            for (String name : answered) {
                ResourceStatus now = ResourceStates.this.of(type, name);
                if (now != null && now.state() == ResourceStatus.State.REQUESTED) {
                    put(name, ResourceStatus.State.DOES_NOT_EXIST, "", null);
                }
            }
            watcher.onAnswered(answered);
        }

        private void accepted(List<Resource> resources, String version, Map<String, String> refused) {
            for (Resource r : resources) {
                String why = refused.get(r.name());
                String its = r.version().isEmpty() ? version : r.version();
                if (why == null) {
                    put(r.name(), ResourceStatus.State.ACKED, its, null);
                } else {
                    refused(r, r.name(), its, why);
                }
            }
        }

        private void refused(List<Resource> resources, String version, ConfigException why) {
            told = true;
            if (why instanceof ResourcesRefused some) {
                accepted(resources, version, some.reasons());
                return;
            }
            boolean named = false;
            for (Resource r : resources) {
                if (type.wildcard() || names.contains(r.name())) {
                    refused(r, r.name(), r.version().isEmpty() ? version : r.version(), why.getMessage());
                    named = true;
                }
            }
            if (!named) {
                // What came is not what was asked for.
                List.copyOf(names).forEach(n -> refused(null, n, version, why.getMessage()));
            }
        }

        @Override
        public void onRefused(String why) {
            if (!told) {
                List.copyOf(names).forEach(n -> refused(null, n, "", why));
            }
            told = false;
            watcher.onRefused(why);
        }

        @Override
        public void onFailure() {
            for (String name : List.copyOf(names)) {
                ResourceStatus now = ResourceStates.this.of(type, name);
                if (now != null && now.state() == ResourceStatus.State.REQUESTED) {
                    put(name, ResourceStatus.State.TIMEOUT, "", null);
                }
            }
            watcher.onFailure();
        }
    }
}
