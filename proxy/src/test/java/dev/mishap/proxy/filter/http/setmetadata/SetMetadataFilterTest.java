package dev.mishap.proxy.filter.http.setmetadata;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SetMetadataFilterTest {
    private final StatsStore store = new StatsStore();

    private MetadataUpdates updates(String yaml) {
        return MetadataUpdates.from(
                ConfigReader.checkedYaml(MetadataUpdates.FILTER, yaml), store.counter("overwrite_denied"));
    }

    private static FakeHttpStream request(MetadataUpdates own) {
        FakeHttpStream stream = new FakeHttpStream().routedTo("c");
        send(own, stream);
        return stream;
    }

    private static void send(MetadataUpdates own, FakeHttpStream stream) {
        assertThat(new SetMetadataFilter("sm", own).onRequestHeaders(stream, stream.requestHeaders, true))
                .isEqualTo(Flow.CONTINUE);
    }

    @Test
    void valuesAreMerged() {
        MetadataUpdates own = updates("""
                metadata:
                - {metadata_namespace: a, value: {list: [1], map: {x: 1, y: 2}, text: old, odd: 1}}
                - {metadata_namespace: a, allow_overwrite: true, value: {list: [{z: 1}], map: {y: 3}, text: new, odd: [2]}}
                """);

        for (int i = 0; i < 2; i++) { // what one request has doesn't grow with the next one
            assertThat(request(own).info().dynamicMetadata("a"))
                    .containsExactlyInAnyOrderEntriesOf(Map.of(
                            "list", List.of(1.0, Map.of("z", 1.0)),
                            "map", Map.of("x", 1.0, "y", 3.0),
                            "text", "new",
                            "odd", List.of(2.0)));
        }
    }

    @Test
    void whatIsThereStaysUnlessItMayBeOverwritten() {
        MetadataUpdates own = updates("metadata: [{metadata_namespace: a, value: {k: own}}]");
        FakeHttpStream stream = new FakeHttpStream().routedTo("c");
        stream.info().putDynamicMetadata("a", Map.of("k", "other"));

        send(own, stream);

        assertThat(stream.info().dynamicMetadata("a")).isEqualTo(Map.of("k", "other"));
        assertThat(store.value("overwrite_denied")).isEqualTo(1);
    }

    @Test
    void aRouteAddsToIt() {
        FakeHttpStream stream = new FakeHttpStream().routedTo("c");
        stream.perFilterConfigs.put("sm", updates("metadata: [{metadata_namespace: b, value: {k: route}}]"));

        send(updates("metadata_namespace: a\nvalue: {k: own}"), stream);

        assertThat(stream.info().allDynamicMetadata())
                .isEqualTo(Map.of("a", Map.of("k", "own"), "b", Map.of("k", "route")));
    }
}
