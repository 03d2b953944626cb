package dev.mishap.proxy.xds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ResourceStatesTest {
    private static final String RUNTIME = ResourceType.RUNTIME.message();
    private static final String CLUSTER = ResourceType.CLUSTER.message();

    private final StatsStore stats = new StatsStore();
    private final ResourceStates states = new ResourceStates();
    private final ResourceDecoder decoder = new ResourceDecoder(
            new DynamicFields(false, false, stats.counter("unknown")),
            Map.of(
                    RUNTIME, SupportedFields.of(RUNTIME).supported("name"),
                    CLUSTER, SupportedFields.of(CLUSTER).supported("name")));
    private final List<ResourceWatcher> carried = new ArrayList<>();
    private @Nullable ConfigException refusal;

    /** What a carrier has: the watcher that stands before ours. */
    private Subscription subscribe(ResourceType type) {
        ConfigSources sources = (source, t, s, watcher) -> {
            carried.add(watcher);
            return new Subscription() {
                @Override
                public void start(Set<String> names) {}

                @Override
                public void names(Set<String> names) {}

                @Override
                public void close() {}
            };
        };
        ConfigNode source = decoder.json("{}").node();
        return states.follow(sources).subscribe(source, type, new SubscriptionStats(stats), new ResourceWatcher() {
            @Override
            public void onUpdate(List<Resource> resources, String version) {
                if (refusal != null) {
                    throw refusal;
                }
            }

            @Override
            public void onDelta(List<Resource> added, List<String> removed, String version) {
                onUpdate(added, version);
            }

            @Override
            public void onFailure() {}
        });
    }

    private List<Resource> resources(ResourceType type, String version, String... names) {
        StringBuilder json = new StringBuilder("{\"version_info\": \"" + version + "\", \"resources\": [");
        for (String name : names) {
            json.append(json.charAt(json.length() - 1) == '[' ? "" : ",")
                    .append("{\"@type\": \"")
                    .append(type.typeUrl())
                    .append("\", \"name\": \"")
                    .append(name)
                    .append("\"}");
        }
        return decoder.resources(decoder.json(json + "]}"), type);
    }

    private String of(ResourceType type, String name) {
        ResourceStatus s = states.of(type, name);
        if (s == null) {
            return "unknown";
        }
        ResourceStatus.Refusal e = s.error();
        return s.state() + "@" + s.version() + (e == null ? "" : " not " + e.version() + ": " + e.details());
    }

    @Test
    void a_name_is_asked_for_comes_is_refused_and_comes_again() {
        Subscription s = subscribe(ResourceType.RUNTIME);
        s.start(Set.of("a"));
        ResourceWatcher w = carried.get(0);
        assertThat(of(ResourceType.RUNTIME, "a")).isEqualTo("REQUESTED@");
        assertThat(states.absent(ResourceType.RUNTIME)).hasSize(1);
        w.onUpdate(resources(ResourceType.RUNTIME, "1", "a"), "1");
        assertThat(of(ResourceType.RUNTIME, "a")).isEqualTo("ACKED@1");
        assertThat(states.absent(ResourceType.RUNTIME)).isEmpty();
        refusal = new ConfigException("no");
        assertThatThrownBy(() -> w.onUpdate(resources(ResourceType.RUNTIME, "2", "a"), "2"))
                .isSameAs(refusal);
        w.onRefused("no");
        assertThat(of(ResourceType.RUNTIME, "a")).isEqualTo("NACKED@1 not 2: no");
        assertThat(states.of(ResourceType.RUNTIME, "a").error().config()).isNotNull();
        refusal = null;
        w.onUpdate(resources(ResourceType.RUNTIME, "3", "a"), "3");
        assertThat(of(ResourceType.RUNTIME, "a")).isEqualTo("ACKED@3");
        w.onRefused("garbage");
        assertThat(of(ResourceType.RUNTIME, "a")).isEqualTo("NACKED@3 not : garbage");
        s.close();
        assertThat(of(ResourceType.RUNTIME, "a")).isEqualTo("unknown");
    }

    @Test
    void nothing_comes_in_time_or_the_server_says_that_there_is_nothing() {
        Subscription s = subscribe(ResourceType.RUNTIME);
        s.start(Set.of("a", "b"));
        ResourceWatcher w = carried.get(0);
        w.onDelta(resources(ResourceType.RUNTIME, "1", "a"), List.of(), "");
        w.onFailure();
        assertThat(of(ResourceType.RUNTIME, "a")).isEqualTo("ACKED@1");
        assertThat(of(ResourceType.RUNTIME, "b")).isEqualTo("TIMEOUT@");
        w.onDelta(List.of(), List.of("a"), "");
        assertThat(of(ResourceType.RUNTIME, "a")).isEqualTo("DOES_NOT_EXIST@");
        s.names(Set.of("b", "c"));
        assertThat(of(ResourceType.RUNTIME, "a")).isEqualTo("unknown");
        assertThat(states.absent(ResourceType.RUNTIME))
                .extracting(ResourceStatus::name)
                .containsExactly("b", "c");
    }

    @Test
    void what_is_refused_by_name_does_not_touch_the_others() {
        subscribe(ResourceType.CLUSTER).start(Set.of());
        ResourceWatcher w = carried.get(0);
        w.onUpdate(resources(ResourceType.CLUSTER, "1", "a", "gone"), "1");
        refusal = new ResourcesRefused("a: no", Map.of("a", "no", "new", "never"));
        assertThatThrownBy(() -> w.onUpdate(resources(ResourceType.CLUSTER, "2", "a", "b", "new"), "2"))
                .isSameAs(refusal);
        w.onRefused("a: no");
        assertThat(of(ResourceType.CLUSTER, "a")).isEqualTo("NACKED@1 not 2: no");
        assertThat(of(ResourceType.CLUSTER, "b")).isEqualTo("ACKED@2");
        assertThat(of(ResourceType.CLUSTER, "new")).isEqualTo("NACKED@ not 2: never");
        assertThat(states.absent(ResourceType.CLUSTER))
                .extracting(ResourceStatus::name)
                .containsExactly("new");
        refusal = null;
        w.onUpdate(resources(ResourceType.CLUSTER, "3", "a", "b"), "3");
        assertThat(of(ResourceType.CLUSTER, "gone")).isEqualTo("unknown");
        assertThat(of(ResourceType.CLUSTER, "new")).isEqualTo("unknown");
    }

    /** Clusters share assignments: the name is known as long as anybody asks for it. */
    @Test
    void another_subscriber_of_the_name_does_not_take_away_what_is_known() {
        Subscription first = subscribe(ResourceType.RUNTIME);
        first.start(Set.of("a"));
        carried.get(0).onUpdate(resources(ResourceType.RUNTIME, "1", "a"), "1");
        Subscription second = subscribe(ResourceType.RUNTIME);
        second.start(Set.of("a"));
        assertThat(of(ResourceType.RUNTIME, "a")).isEqualTo("ACKED@1");
        carried.get(1).onUpdate(resources(ResourceType.RUNTIME, "1", "a"), "1");
        first.close();
        assertThat(of(ResourceType.RUNTIME, "a")).isEqualTo("ACKED@1");
    }
}
