package dev.mishap.proxy.overload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.stats.StatsStore;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OverloadManagerTest {
    private static final String INJECTED = "{name: envoy.resource_monitors.injected_resource, typed_config: {'@type': "
            + "type.googleapis.com/envoy.extensions.resource_monitors.injected_resource.v3.InjectedResourceConfig, filename: %s}}";
    private static final String CONNECTIONS = "{name: c, typed_config: {'@type': type.googleapis.com/"
            + "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig, "
            + "max_active_downstream_connections: 2}}";

    private final StatsStore stats = new StatsStore();
    private final OverloadState state = new OverloadState();
    private final List<Runnable> moved = new ArrayList<>();

    @TempDir
    Path directory;

    private OverloadManager manager(String monitors, String actions) {
        return OverloadManager.from(
                ConfigReader.checkedYaml(
                        "envoy.config.overload.v3.OverloadManager",
                        "{resource_monitors: [" + monitors + "], actions: [" + actions + "]}"),
                state,
                stats,
                (file, action) -> moved.add(action));
    }

    private String injected() {
        return INJECTED.formatted(directory.resolve("pressure"));
    }

    private static String action(String name, String trigger) {
        return "{name: envoy.overload_actions." + name
                + ", triggers: [{name: envoy.resource_monitors.injected_resource, " + trigger + "}]}";
    }

    private void pressure(String text) throws IOException {
        Files.writeString(directory.resolve("pressure"), text);
    }

    private long gauge(String name) {
        return stats.gauge("overload.envoy." + name).value();
    }

    @Test
    void anActionFollowsThePressureThatAFileTells() throws IOException {
        pressure("0.5");
        OverloadManager manager = manager(
                injected(),
                action("stop_accepting_requests", "threshold: {value: 0.5}") + ","
                        + action("shrink_heap", "scaled: {scaling_threshold: 0.2, saturation_threshold: 0.6}"));
        EmbeddedChannel main = new EmbeddedChannel();
        manager.start(main.eventLoop(), () -> {});
        assertThat(state.stopsRequest()).isTrue();
        assertThat(gauge("overload_actions.stop_accepting_requests.active")).isEqualTo(1);
        assertThat(gauge("overload_actions.shrink_heap.scale_percent")).isEqualTo(75);
        assertThat(gauge("resource_monitors.injected_resource.pressure")).isEqualTo(50);

        pressure("0.49");
        main.advanceTimeBy(1, java.util.concurrent.TimeUnit.SECONDS);
        main.runScheduledPendingTasks();
        assertThat(state.stopsRequest())
                .as("nobody said that the file was moved")
                .isTrue();
        moved.get(0).run();
        main.advanceTimeBy(1, java.util.concurrent.TimeUnit.SECONDS);
        main.runScheduledPendingTasks();
        assertThat(state.stopsRequest()).isFalse();
        main.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "1.01", "-0.1", "NaN", ""})
    void whatIsNoPressureKeepsTheOneOfBefore(String text) throws IOException {
        pressure("0.9");
        OverloadManager manager = manager(injected(), action("reject_incoming_connections", "threshold: {value: 0.5}"));
        EmbeddedChannel main = new EmbeddedChannel();
        manager.start(main.eventLoop(), () -> {});
        pressure(text);
        moved.get(0).run();
        main.advanceTimeBy(1, java.util.concurrent.TimeUnit.SECONDS);
        main.runScheduledPendingTasks();
        assertThat(state.rejectsConnection()).isTrue();
        assertThat(stats.counter("overload.envoy.resource_monitors.injected_resource.failed_updates")
                        .value())
                .isEqualTo(1);
        main.close();
    }

    @Test
    void listenersAreToldWhenAcceptingStopsAndWhenItGoesOn() throws IOException {
        pressure("1");
        List<Boolean> told = new ArrayList<>();
        OverloadManager manager = manager(injected(), action("stop_accepting_connections", "threshold: {value: 0.5}"));
        EmbeddedChannel main = new EmbeddedChannel();
        manager.start(main.eventLoop(), () -> told.add(state.stopsAccepting()));
        for (String next : new String[] {"0.8", "0.2", "0.1"}) {
            pressure(next);
            moved.get(0).run();
            main.advanceTimeBy(1, java.util.concurrent.TimeUnit.SECONDS);
            main.runScheduledPendingTasks();
        }
        assertThat(told).containsExactly(true, false);
        main.close();
    }

    @Test
    void theHeapIsMadeSmallerEveryTenSecondsWhileThatIsAskedFor() throws IOException {
        pressure("0.9");
        OverloadManager manager = manager(injected(), action("shrink_heap", "threshold: {value: 0.5}"));
        EmbeddedChannel main = new EmbeddedChannel();
        manager.start(main.eventLoop(), () -> {});
        main.advanceTimeBy(20, java.util.concurrent.TimeUnit.SECONDS);
        main.runScheduledPendingTasks();
        long count = stats.counter("overload.envoy.overload_actions.shrink_heap.shrink_count")
                .value();
        assertThat(count).isEqualTo(2);

        pressure("0.1");
        moved.get(0).run();
        main.advanceTimeBy(20, java.util.concurrent.TimeUnit.SECONDS);
        main.runScheduledPendingTasks();
        assertThat(stats.counter("overload.envoy.overload_actions.shrink_heap.shrink_count")
                        .value())
                .isEqualTo(count);
        main.close();
    }

    @Test
    void connectionsAreAdmittedUpToTheBudget() {
        manager(CONNECTIONS, "");
        ConnectionBudget budget = state.connections();
        assertThat(budget).isNotNull();
        assertThat(budget.admits(1)).isTrue();
        assertThat(budget.admits(2)).isFalse();
        assertThat(stats.counter("overload.c.failed_updates").value()).isEqualTo(1);
        assertThat(stats.gauge("overload.c.pressure").value()).isEqualTo(100);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            foo | threshold: {value: 0.5} | Unknown Overload Manager Action envoy.overload_actions.foo
            reduce_timeouts | threshold: {value: 0.5} | envoy.overload_actions.reduce_timeouts is not supported
            shrink_heap | scaled: {scaling_threshold: 0.6, saturation_threshold: 0.5} | scaling_threshold must be less than saturation_threshold
            """)
    void anActionThatCannotBeIsRefused(String name, String trigger, String error) {
        assertThatThrownBy(() -> manager(injected(), action(name, trigger)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(error);
    }

    @Test
    void namesAreUniqueAndKnown() {
        String action = action("shrink_heap", "threshold: {value: 0.5}");
        assertThatThrownBy(() -> manager(injected() + "," + injected(), ""))
                .hasMessage("Duplicate resource monitor envoy.resource_monitors.injected_resource");
        assertThatThrownBy(() -> manager(injected(), action + "," + action))
                .hasMessage("Duplicate overload action envoy.overload_actions.shrink_heap");
        assertThatThrownBy(() -> manager(CONNECTIONS.replace("name: c", "name: d"), action))
                .hasMessage("Unknown trigger resource envoy.resource_monitors.injected_resource for overload action"
                        + " envoy.overload_actions.shrink_heap");
    }
}
