package dev.mishap.control.demo;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Customers: an even stream of requests that does not wait for answers, each with a trace of its own. At most so many are under way at one
 * time; what is over that is not sent, and counted.
 */
final class Traffic implements AutoCloseable {
    /** Ten times what flows on an idle machine; a busy one gets as much as it can answer, instead of a queue that times out. */
    private static final int MAX_UNDER_WAY = 32;

    private static final long MAX_BEHIND_NANOS = 50_000_000;
    private static final int WARM_REQUESTS = 500;
    private static final int WARM_SECONDS = 20;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final HttpClient http;
    private final URI checkout;
    private final long periodNanos;
    private final SplittableRandom random;
    private final Semaphore underWay = new Semaphore(MAX_UNDER_WAY);
    private final CountDownLatch closed = new CountDownLatch(1);
    private final LongAdder sent = new LongAdder();
    private final LongAdder answered = new LongAdder();
    private final LongAdder serverErrors = new LongAdder();
    private final LongAdder broken = new LongAdder();
    private final LongAdder skipped = new LongAdder();
    private final Thread thread = new Thread(this::drive, "traffic");

    Traffic(HttpClient http, URI checkout, int perSecond, long seed) {
        this.http = http;
        this.checkout = checkout;
        periodNanos = 1_000_000_000L / perSecond;
        random = new SplittableRandom(seed);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Waits until everything on the way has answered some hundred requests and keeps up, at most 20 s. */
    void awaitWarm() throws InterruptedException {
        for (int i = 0; i < WARM_SECONDS * 20; i++) {
            if (answered.sum() >= WARM_REQUESTS && underWay.availablePermits() > MAX_UNDER_WAY / 2) {
                return;
            }
            if (closed.await(50, TimeUnit.MILLISECONDS)) {
                return;
            }
        }
    }

    String account() {
        return "the traffic sent " + sent.sum() + " requests: " + (answered.sum() - serverErrors.sum())
                + " answered well, "
                + serverErrors.sum() + " with 5xx, " + broken.sum() + " without an answer"
                + (skipped.sum() == 0
                        ? ""
                        : "; " + skipped.sum() + " were not sent because " + MAX_UNDER_WAY + " were under way");
    }

    private void drive() {
        long next = System.nanoTime();
        try {
            while (true) {
                long wait = next - System.nanoTime();
                if (closed.await(Math.max(0, wait), TimeUnit.NANOSECONDS)) {
                    return;
                }
                send();
                // A pause of this process is not made up for by a burst of requests that the services would have to pay
                // for.
                next = Math.max(next + periodNanos, System.nanoTime() - MAX_BEHIND_NANOS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send() {
        if (!underWay.tryAcquire()) {
            skipped.increment();
            return;
        }
        HttpRequest request = HttpRequest.newBuilder(checkout)
                .timeout(TIMEOUT)
                .header(
                        "traceparent",
                        String.format(
                                "00-%016x%016x-%016x-01", random.nextLong(), random.nextLong(), random.nextLong()))
                .header("x-user-id", "user-" + random.nextInt(10_000))
                .POST(BodyPublishers.ofString("{\"items\":3}"))
                .build();
        sent.increment();
        http.sendAsync(request, BodyHandlers.discarding()).whenComplete((response, problem) -> {
            underWay.release();
            if (problem != null) {
                broken.increment();
            } else {
                answered.increment();
                if (response.statusCode() >= 500) {
                    serverErrors.increment();
                }
            }
        });
    }

    /** Stops, and waits until the last request has its answer. */
    @Override
    public void close() {
        closed.countDown();
        try {
            thread.join(1_000);
            if (underWay.tryAcquire(MAX_UNDER_WAY, TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                underWay.release(MAX_UNDER_WAY);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
