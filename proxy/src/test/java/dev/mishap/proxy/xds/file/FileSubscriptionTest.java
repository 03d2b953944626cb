package dev.mishap.proxy.xds.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.xds.DynamicFields;
import dev.mishap.proxy.xds.Resource;
import dev.mishap.proxy.xds.ResourceDecoder;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.SubscriptionStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSubscriptionTest {
    private static final String RUNTIME = "envoy.service.runtime.v3.Runtime";

    @TempDir
    Path directory;

    private final StatsStore stats = new StatsStore();
    private final FileWatcher watcher = new FileWatcher(Runnable::run);
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();

    @AfterEach
    void end() {
        watcher.close();
    }

    private FileSubscription subscription(Path file, String watched) {
        ResourceDecoder decoder = new ResourceDecoder(
                new DynamicFields(false, false, stats.counter("unknown")),
                Map.of(RUNTIME, SupportedFields.of(RUNTIME).supported("name")));
        return new FileSubscription(
                file.toString(),
                watched,
                ResourceType.RUNTIME,
                decoder,
                watcher,
                new SubscriptionStats(stats),
                new ResourceWatcher() {
                    @Override
                    public void onUpdate(List<Resource> resources, String version) {
                        StringBuilder names = new StringBuilder(version);
                        resources.forEach(
                                r -> names.append(' ').append(r.config().string("name")));
                        told.add(names.toString());
                    }

                    @Override
                    public void onDelta(List<Resource> added, List<String> removed, String version) {
                        throw new AssertionError();
                    }

                    @Override
                    public void onFailure() {
                        told.add("failure");
                    }
                });
    }

    private void move(Path to, String text) throws IOException {
        Path from = Files.writeString(directory.resolve("new"), text);
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String response(String version, String name) {
        return "{\"version_info\": \"" + version + "\", \"resources\": [{\"@type\": \"type.googleapis.com/" + RUNTIME
                + "\", \"name\": \"" + name + "\"}]}";
    }

    private String next() throws InterruptedException {
        return told.poll(10, TimeUnit.SECONDS);
    }

    @Test
    void what_is_moved_into_place_counts_and_bad_content_changes_nothing() throws Exception {
        Path file = directory.resolve("r.yaml");
        move(file, response("1", "a"));
        try (FileSubscription s = subscription(file, "")) {
            s.start(Set.of("a"));
            assertThat(next()).isEqualTo("1 a");
            Files.writeString(file, response("in place", "x"));
            move(file, response("2", "b"));
            assertThat(next()).isEqualTo("2 b");
            move(file, "][");
            assertThat(next()).isEqualTo("failure");
            assertThat(stats.value("update_failure")).isEqualTo(1);
            move(file, response("3", "a").replace("\"name\"", "\"layer\": {\"k\": 1}, \"name\""));
            assertThat(next()).isEqualTo("failure");
            assertThat(stats.value("update_rejected")).isEqualTo(1);
            move(file, response("4", "d").replace("\"name\"", "\"zzz\": 1, \"name\""));
            assertThat(next()).isEqualTo("4 d");
            assertThat(stats.value("unknown")).isEqualTo(1);
        }
    }

    @Test
    void a_watched_directory_tells_of_links_that_are_swapped() throws Exception {
        Path one = Files.createDirectory(directory.resolve("one"));
        Path two = Files.createDirectory(directory.resolve("two"));
        Files.writeString(one.resolve("r.json"), response("1", "a"));
        Files.writeString(two.resolve("r.json"), response("2", "b"));
        Path data = Files.createSymbolicLink(directory.resolve("..data"), one);
        try (FileSubscription s = subscription(data.resolve("r.json"), directory.toString())) {
            s.start(Set.of());
            assertThat(next()).isEqualTo("1 a");
            Path link = Files.createSymbolicLink(directory.resolve("..tmp"), two);
            Files.move(link, data, StandardCopyOption.ATOMIC_MOVE);
            String seen = next();
            while ("1 a".equals(seen)) { // the new link's own creation is seen, too
                seen = next();
            }
            assertThat(seen).isEqualTo("2 b");
        }
    }

    @Test
    void a_file_that_is_not_there_is_refused() {
        assertThatThrownBy(() -> subscription(directory.resolve("none.yaml"), ""))
                .hasMessageContaining("paths must refer to an existing path in the system: '");
    }
}
