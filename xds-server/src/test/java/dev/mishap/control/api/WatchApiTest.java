package dev.mishap.control.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import dev.mishap.control.client.Context;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WatchApiTest {
    private static final String RULES = "/api/v1/namespaces/default/rules";

    private final ApiFixture api = new ApiFixture();
    private final List<Thread> threads = new ArrayList<>();

    @AfterEach
    void close() throws InterruptedException {
        api.close();
        for (Thread thread : threads) {
            thread.join(10_000);
            assertThat(thread.isAlive()).as("a stream ends with its server").isFalse();
        }
    }

    private ApiClient client() {
        return new ApiClient(new Context("t", api.url(), null, null, null, null, null, null), Duration.ofSeconds(20));
    }

    private BlockingQueue<ApiClient.Event> watch(String path, String lastId) {
        BlockingQueue<ApiClient.Event> events = new LinkedBlockingQueue<>();
        Thread thread = new Thread(() -> {
            try {
                client().events(path, lastId, events::add);
            } catch (ApiException e) {
                events.add(new ApiClient.Event("", "FAILED", e.status() + " " + e.getMessage()));
            }
        });
        threads.add(thread);
        thread.start();
        return events;
    }

    private static ApiClient.Event next(BlockingQueue<ApiClient.Event> events) throws InterruptedException {
        ApiClient.Event event = events.poll(20, TimeUnit.SECONDS);
        assertThat(event).as("an event in time").isNotNull();
        return event;
    }

    private void put(String name, String labels) {
        assertThat(api.call(
                                "PUT",
                                RULES + "/" + name,
                                ApiFixture.RULE.formatted(name).replace("team: pay", labels))
                        .status())
                .isLessThan(300);
    }

    @Test
    void tellsAllThereIsAndThenChanges() throws InterruptedException {
        put("a", "team: pay");
        BlockingQueue<ApiClient.Event> events = watch(RULES + "?watch=true", null);
        ApiClient.Event first = next(events);
        assertThat(first.type()).isEqualTo("ADDED");
        assertThat(first.data()).contains("\"name\":\"a\"");
        assertThat(next(events).type()).isEqualTo("BOOKMARK");
        put("a", "team: other");
        assertThat(next(events).type()).isEqualTo("MODIFIED");
        api.call("DELETE", RULES + "/a", null);
        ApiClient.Event deleted = next(events);
        assertThat(deleted.type()).isEqualTo("DELETED");
        api.call("POST", "/api/v1/fleet:stop", "{\"reason\":\"r\"}");
        assertThat(next(events).type()).isEqualTo("KILL_SWITCH");

        BlockingQueue<ApiClient.Event> resumed = watch(RULES + "?watch=true", first.id());
        assertThat(next(resumed).type()).isEqualTo("MODIFIED");
        assertThat(next(resumed).type()).isEqualTo("DELETED");
    }

    @Test
    void aRuleThatBeginsOrCeasesToMatchIsAddedOrDeleted() throws InterruptedException {
        put("a", "team: pay");
        BlockingQueue<ApiClient.Event> events = watch("/api/v1/rules?watch=true&labelSelector=team%3Dother", null);
        assertThat(next(events).type()).isEqualTo("BOOKMARK");
        put("a", "team: other");
        assertThat(next(events).type()).isEqualTo("ADDED");
        put("a", "team: pay");
        assertThat(next(events).type()).isEqualTo("DELETED");
    }

    @Test
    void whatCannotBeGoneOnFromIsTold() throws InterruptedException {
        put("a", "team: pay");
        // A server that has started after that change.
        try (WatchHub later = new WatchHub(api.registry)) {
            assertThatThrownBy(() -> later.requireKept(1)).hasMessageContaining("too long ago");
        }
        // A store that began anew has not come that far.
        assertThat(next(watch(RULES + "?watch=true", "1000000")).data()).startsWith("410");
        assertThat(next(watch(RULES + "?watch=true", "x")).data()).startsWith("400");
        assertThat(api.get(RULES + "?watch=true&limit=3").status()).isEqualTo(400);
    }

    @Test
    void aClientThatDoesNotReadIsCutOffAndHoldsNobodyUp() throws IOException, InterruptedException {
        BlockingQueue<ApiClient.Event> reader = watch(RULES + "?watch=true", null);
        assertThat(next(reader).type()).isEqualTo("BOOKMARK");
        try (Socket lazy = new Socket()) {
            lazy.setReceiveBufferSize(4096);
            lazy.connect(api.server.address());
            lazy.getOutputStream()
                    .write(("GET " + RULES + "?watch=true HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            InputStream in = lazy.getInputStream();
            assertThat(in.read()).isEqualTo('H');
            // Far more than the sockets' buffers and the stream's queue hold together.
            String padding = "x".repeat(60_000);
            int rounds = 250;
            for (int i = 0; i < rounds; i++) {
                String body = ApiFixture.RULE
                        .formatted("a")
                        .replace("labels:", "annotations: {n: \"" + i + padding + "\"}, labels:");
                assertThat(api.call("PUT", RULES + "/a", body).status()).isLessThan(300);
            }
            // The other one gets everything, perhaps several changes as one.
            boolean last = false;
            while (!last) {
                last = next(reader).data().contains("\"n\":\"" + (rounds - 1) + "x");
            }
            // The lazy one is cut off: it sees an end before the last change, and not only because it is slow.
            byte[] buffer = new byte[65536];
            StringBuilder seen = new StringBuilder();
            lazy.setSoTimeout(20_000);
            try {
                int n;
                while ((n = in.read(buffer)) > 0) {
                    seen.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
                }
            } catch (java.net.SocketException e) {
                // Cut off by a reset, which is as good.
            }
            assertThat(seen.toString()).doesNotContain("\"n\":\"" + (rounds - 1) + "x");
        }
    }
}
