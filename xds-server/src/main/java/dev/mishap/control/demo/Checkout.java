package dev.mishap.control.demo;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The service under test: {@code POST /checkout} pays at the payment gateway and answers 200. When the payment fails it puts the order into
 * a queue and answers 202; a worker settles the queue, with retries that back off. Passes on the trace context, as a real service would.
 * Where the gateway is found by its name, that is looked up for each payment, and a circuit breaker stands before it all.
 */
final class Checkout implements AutoCloseable {
    private static final List<String> PASSED_ON = List.of("traceparent", "tracestate", "baggage", "x-request-id");
    private static final String PAYMENTS_NAME = "payments.internal";
    private static final Duration PAYMENT_TIMEOUT = Duration.ofSeconds(2);
    private static final long FIRST_BACKOFF_MILLIS = 200;
    private static final long LONGEST_BACKOFF_MILLIS = 2_000;
    private static final int BREAKER_FAILURES = 5;
    private static final long BREAKER_OPEN_NANOS = 5_000_000_000L;

    /** An order that is still to be paid, with the headers of the request that made it. */
    private record Order(Headers headers, int attempts) {}

    private final DemoMode mode;
    private final URI payments;
    private final HttpClient http;
    private final @Nullable NameLookup names;
    private final @Nullable CircuitBreaker breaker;
    private final HttpService service;
    private final Queue<Order> queue = new ConcurrentLinkedQueue<>();
    private final LongAdder received = new LongAdder();
    private final LongAdder paid = new LongAdder();
    private final LongAdder queued = new LongAdder();
    private final LongAdder settled = new LongAdder();
    private final LongAdder failed = new LongAdder();

    /**
     * @param payments where the payment gateway is reached: at the proxy in front of it
     * @param dnsPort of the DNS server that knows its name; used where {@code mode} has it found so
     */
    Checkout(DemoMode mode, URI payments, int dnsPort, HttpClient http, Path log) throws IOException {
        this.mode = mode;
        names = mode.byName() ? new NameLookup(PAYMENTS_NAME, dnsPort, PAYMENT_TIMEOUT.toMillis()) : null;
        breaker = mode == DemoMode.DNS
                ? new CircuitBreaker(BREAKER_FAILURES, BREAKER_OPEN_NANOS, System::nanoTime)
                : null;
        this.payments = payments;
        this.http = http;
        service = new HttpService("checkout", log, this::checkOut);
        service.timers().scheduleWithFixedDelay(this::drain, 100, 100, TimeUnit.MILLISECONDS);
    }

    int port() {
        return service.port();
    }

    long received() {
        return received.sum();
    }

    /** Orders in the queue or on their way from it. */
    long unsettled() {
        return queued.sum() - settled.sum();
    }

    /** The service's own account. */
    String account() {
        return "checkout counted " + received.sum() + " requests: " + paid.sum() + " paid at once (200), "
                + queued.sum()
                + " queued (202), " + failed.sum() + " failed (5xx); of the queue " + settled.sum()
                + " were settled later, "
                + unsettled() + " are left" + (breaker == null ? "" : "; " + breaker.account());
    }

    private void checkOut(HttpExchange exchange) {
        received.increment();
        if (mode == DemoMode.SICK && ThreadLocalRandom.current().nextInt(5) == 0) {
            failed.increment();
            service.answer(exchange, 500, "{\"error\":\"out of order\"}");
            return;
        }
        Headers headers = exchange.getRequestHeaders();
        pay(headers).thenAccept(succeeded -> {
            if (succeeded) {
                paid.increment();
                service.answer(exchange, 200, "{\"order\":\"paid\"}");
            } else if (mode == DemoMode.BROKEN_FALLBACK) {
                failed.increment();
                service.answer(exchange, 502, "{\"error\":\"payment failed\"}");
            } else {
                queued.increment();
                later(new Order(headers, 1));
                service.answer(exchange, 202, "{\"order\":\"queued\"}");
            }
        });
    }

    private CompletableFuture<Boolean> pay(Headers headers) {
        if (breaker == null) {
            return call(headers);
        }
        if (!breaker.allows()) {
            return CompletableFuture.completedFuture(false);
        }
        return call(headers).whenComplete((succeeded, problem) -> {
            if (Boolean.TRUE.equals(succeeded)) {
                breaker.succeeded();
            } else {
                breaker.failed();
            }
        });
    }

    private CompletableFuture<Boolean> call(Headers headers) {
        return names == null
                ? post(headers)
                : names.lookUp().thenCompose(found -> found ? post(headers) : CompletableFuture.completedFuture(false));
    }

    private CompletableFuture<Boolean> post(Headers headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(payments)
                .timeout(PAYMENT_TIMEOUT)
                .POST(BodyPublishers.ofString("{\"amount\":42}"));
        for (String name : PASSED_ON) {
            String value = headers.getFirst(name);
            if (value != null) {
                request.header(name, value);
            }
        }
        return http.sendAsync(request.build(), BodyHandlers.discarding())
                .handle((response, problem) -> problem == null && response.statusCode() < 500);
    }

    private void drain() {
        for (Order order = queue.poll(); order != null; order = queue.poll()) {
            Order taken = order;
            pay(taken.headers()).thenAccept(succeeded -> {
                if (succeeded) {
                    settled.increment();
                } else {
                    later(new Order(taken.headers(), taken.attempts() + 1));
                }
            });
        }
    }

    /** Backs off exponentially, with full jitter so that the retries of one failure do not come back as one. */
    private void later(Order order) {
        long longest = Math.min(LONGEST_BACKOFF_MILLIS, FIRST_BACKOFF_MILLIS << Math.min(10, order.attempts() - 1));
        long wait = ThreadLocalRandom.current().nextLong(longest / 2, longest);
        service.timers().schedule(() -> queue.add(order), wait, TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() throws IOException {
        if (names != null) {
            names.close();
        }
        service.close();
    }
}
