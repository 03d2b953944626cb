package dev.mishap.proxy.xds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ExtensionConfigsTest {
    private final StatsStore stats = new StatsStore();
    private final ResourceDecoder decoder = new ResourceDecoder(
            new DynamicFields(false, false, stats.counter("unknown")),
            Map.of(
                    ResourceType.EXTENSION_CONFIG.message(),
                    SupportedFields.of(ResourceType.EXTENSION_CONFIG.message()).supported("name", "typed_config"),
                    "envoy.config.core.v3.ExtensionConfigSource",
                    SupportedFields.of("envoy.config.core.v3.ExtensionConfigSource")
                            .supported("config_source", "type_urls"),
                    "envoy.extensions.filters.http.router.v3.Router",
                    SupportedFields.of("envoy.extensions.filters.http.router.v3.Router")));
    private final AtomicReference<ResourceWatcher> carried = new AtomicReference<>();
    private final ConfigSources sources = (source, type, s, watcher) -> {
        carried.set(watcher);
        return new Subscription() {
            @Override
            public void start(Set<String> names) {}

            @Override
            public void names(Set<String> names) {}

            @Override
            public void close() {}
        };
    };

    /** A time to live that runs out comes as a removal; the same configuration may come again. */
    @Test
    void a_filter_whose_time_is_over_is_absent_until_it_comes_again() {
        List<String> log = new ArrayList<>();
        DiscoveredExtension filter = new DiscoveredExtension() {
            @Override
            public Runnable prepare(ConfigNode config) {
                return () -> log.add("in place");
            }

            @Override
            public void absent() {
                log.add("absent");
            }

            @Override
            public void absentAtFirst() {}
        };
        ConfigNode discovery = decoder.resources(
                        decoder.json("{\"resources\": [{\"@type\":"
                                + " \"type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig\", \"name\": \"x\","
                                + " \"typed_config\": {\"@type\":"
                                + " \"type.googleapis.com/envoy.config.core.v3.ExtensionConfigSource\","
                                + " \"config_source\": {\"ads\": {}},"
                                + " \"type_urls\": [\"envoy.extensions.filters.http.router.v3.Router\"]}}]}"),
                        ResourceType.EXTENSION_CONFIG)
                .get(0)
                .unchecked()
                .required("typed_config");
        new ExtensionConfigs(sources, stats)
                .add("http_filter", "f", discovery, filter, new Lifecycle(new InitManager("test")));
        List<Resource> came = decoder.resources(
                decoder.json("{\"version_info\": \"1\", \"resources\": [{\"@type\":"
                        + " \"type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig\", \"name\": \"f\","
                        + " \"typed_config\": {\"@type\":"
                        + " \"type.googleapis.com/envoy.extensions.filters.http.router.v3.Router\"}}]}"),
                ResourceType.EXTENSION_CONFIG);
        carried.get().onUpdate(came, "1");
        carried.get().onDelta(List.of(), List.of("f"), "");
        carried.get().onUpdate(came, "1");
        assertThat(log).containsExactly("in place", "absent", "in place");
    }
}
