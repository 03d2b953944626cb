package dev.mishap.deploy;

import java.net.http.HttpClient;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Some clients who write rules at a rate of their own: each write is sent when it is due, whether or not earlier ones have been answered.
 * Beyond {@value #MOST_OPEN} that have not, there is no writing, so that a server that stands still is not met by as many connections as there
 * are ports.
 */
final class OpenLoopWriters {
    private static final int MOST_OPEN = 1000;
    private static final String SPEC = "{ttl: 10m, scope: {listeners: [nowhere]}, fault: {abort: {httpStatus: 503}}}";

    private final ControlPlaneProcess server;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final List<HttpClient> clients = new ArrayList<>();
    private final Queue<CompletableFuture<?>> sent = new ConcurrentLinkedQueue<>();
    private final Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
    private final AtomicInteger failed = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();
    private int next;

    OpenLoopWriters(ControlPlaneProcess server, int clients, int perSecond) {
        this.server = server;
        for (int i = 0; i < clients; i++) {
            this.clients.add(HttpClient.newHttpClient());
        }
        clock.scheduleAtFixedRate(this::write, 0, TimeUnit.SECONDS.toNanos(1) / perSecond, TimeUnit.NANOSECONDS);
    }

    private void write() {
        if (open.get() >= MOST_OPEN) {
            return;
        }
        String name = "rule-" + next++;
        open.incrementAndGet();
        sent.add(clients.get(next % clients.size())
                .sendAsync(server.put(name, SPEC), BodyHandlers.discarding())
                .handle((answer, failure) -> {
                    open.decrementAndGet();
                    if (failure == null && answer.statusCode() / 100 == 2) {
                        acknowledged.add(name);
                    } else {
                        failed.incrementAndGet();
                    }
                    return null;
                }));
    }

    /** The rules that were said to be written. */
    List<String> acknowledged() {
        return List.copyOf(acknowledged);
    }

    /** How many writes were refused or cut off. */
    int failed() {
        return failed.get();
    }

    /** Ends the writing and waits for the answers. */
    void end() throws InterruptedException {
        clock.shutdown();
        if (!clock.awaitTermination(10, TimeUnit.SECONDS)) {
            throw new AssertionError("a write is still being sent");
        }
        sent.forEach(CompletableFuture::join);
    }
}
