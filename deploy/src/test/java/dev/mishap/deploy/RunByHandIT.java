package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The chaos guide's file against services and proxies that were started by hand: {@code --target} and {@code --observe}. */
class RunByHandIT {
    private static final String EXPERIMENT = "PAY-503-2024-Q4";
    private static final int CALLERS = 4;

    /** What checkout does when a payment fails, or all by itself. */
    private enum Shop {
        HEALTHY,
        BROKEN,
        SICK,
        HUNG
    }

    @TempDir
    Path directory;

    private final HttpClient http = HttpClient.newHttpClient();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final LongAdder paymentsReceived = new LongAdder();
    private final LongAdder paymentsFailed = new LongAdder();
    private final LongAdder paymentsMarked = new LongAdder();
    private final AtomicInteger orders = new AtomicInteger();
    private final List<Thread> traffic = new ArrayList<>();
    private volatile Shop shop = Shop.HEALTHY;
    private volatile boolean ended;
    private final CountDownLatch release = new CountDownLatch(1);
    private HttpServer payment;
    private HttpServer checkout;
    private Sidecar paymentProxy;
    private Sidecar checkoutProxy;

    @BeforeEach
    void start() throws IOException {
        payment = service(exchange -> {
            if (exchange.getRequestMethod().equals("POST")) {
                paymentsReceived.increment();
                String baggage = exchange.getRequestHeaders().getFirst("baggage");
                if (baggage != null && baggage.contains("chaos.experiment.id=")) {
                    paymentsMarked.increment();
                }
            }
            return 204;
        });
        paymentProxy = new Sidecar(directory, "payment", payment.getAddress().getPort());
        checkout = service(this::checkOut);
        checkoutProxy = new Sidecar(directory, "checkout", checkout.getAddress().getPort());
        for (int i = 0; i < CALLERS; i++) {
            SplittableRandom random = new SplittableRandom(i);
            Thread thread = new Thread(() -> drive(random));
            traffic.add(thread);
            thread.start();
        }
    }

    @AfterEach
    void stop() throws Exception {
        release.countDown();
        endTraffic();
        paymentProxy.close();
        checkoutProxy.close();
        payment.stop(0);
        checkout.stop(0);
        threads.shutdownNow();
    }

    private interface Answer {
        int to(HttpExchange exchange) throws IOException;
    }

    private HttpServer service(Answer answer) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(answer.to(exchange), -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    private int checkOut(HttpExchange exchange) {
        if (!exchange.getRequestMethod().equals("POST")) {
            return 204;
        }
        if (shop == Shop.SICK && orders.incrementAndGet() % 5 == 0) {
            return 500;
        }
        int status = post(paymentProxy.listener(), exchange.getRequestHeaders().getFirst("traceparent"));
        if (status == 503) {
            paymentsFailed.increment();
            if (shop == Shop.HUNG) {
                awaitRelease();
            }
        }
        return status == 204 ? 200 : shop == Shop.BROKEN ? 502 : 202;
    }

    private void awaitRelease() {
        try {
            release.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void drive(SplittableRandom random) {
        while (!ended) {
            post(
                    checkoutProxy.listener(),
                    String.format("00-%016x%016x-%016x-01", random.nextLong(), random.nextLong(), random.nextLong()));
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    private int post(URI uri, String traceparent) {
        try {
            return http.send(
                            HttpRequest.newBuilder(uri)
                                    .timeout(Duration.ofMinutes(2))
                                    .header("traceparent", traceparent)
                                    .POST(HttpRequest.BodyPublishers.noBody())
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void endTraffic() throws InterruptedException {
        ended = true;
        for (Thread thread : traffic) {
            thread.join();
        }
    }

    private List<String> command() {
        return List.of(
                Tools.launcher().toString(),
                "run",
                Tools.root()
                        .resolve("examples/chaos-experiment-payment-degradation.yaml")
                        .toString(),
                "--target",
                "payment-gateway=" + paymentProxy.admin(),
                "--observe",
                "checkout=" + checkoutProxy.admin(),
                "--time-scale",
                "0.05",
                "--report",
                "report");
    }

    @ParameterizedTest
    @CsvSource({
        "HEALTHY, 0, HYPOTHESIS_HELD",
        // Which of the two is seen first depends on how many requests fall into a poll.
        "BROKEN, 1, SLO_BREACHED|ERROR_RATE_SPIKE",
        "SICK, 2, NOT_IN_STEADY_STATE"
    })
    void theReportTellsWhatProxiesAndServicesCounted(Shop shop, int exit, String reason) throws Exception {
        this.shop = shop;
        Tools.Result result = Tools.run(directory, 180, command());
        assertThat(result.exit()).as(result.out() + result.err()).isEqualTo(exit);
        endTraffic();
        String report = Files.readString(directory.resolve("report/report.json"));
        assertThat(report).containsPattern("\"reason\" : \"(" + reason + ")\"");
        long touched = number("\"touched\" : (\\d+),\\s+\"suppressedByCap\"", report);
        assertThat(paymentsFailed.sum()).isEqualTo(touched);
        if (shop == Shop.SICK) {
            assertThat(touched).isZero();
            return;
        }
        assertThat(touched).isPositive();
        assertThat(paymentProxy.stat("mishap.experiment." + EXPERIMENT + ".touched"))
                .isEqualTo(touched);
        for (String count : List.of("scoped", "cohort", "drawn", "touched")) {
            assertThat(number("\"" + count + "\" : (\\d+)", report.substring(report.indexOf("\"scoped\""))))
                    .isEqualTo(paymentProxy.stat("mishap.rule." + EXPERIMENT + ".1." + count));
        }
        assertThat(paymentProxy.stat("mishap.rules.active")).isZero();
        Sidecar.await(() -> marked() >= touched);
        assertThat(marked()).isEqualTo(touched);
        // An abort answers in the service's place, so nothing marked reaches it.
        assertThat(paymentsMarked.sum()).isZero();
        assertThat(paymentProxy.stat("cluster.payment.upstream_rq_completed"))
                .isGreaterThanOrEqualTo(paymentsReceived.sum());
    }

    @ParameterizedTest
    @CsvSource({"checkout_success_rate >= 0.95, 2, NOT_ANSWERED", "checkout_p95_latency_ms <= 500, 1, SLO_BREACHED"})
    void aServiceThatAnswersNobodyDoesNotPass(String slo, int exit, String reason) throws Exception {
        shop = Shop.HUNG;
        Path file = directory.resolve("hung.yaml");
        Files.writeString(file, """
                apiVersion: mishap.dev/v1
                kind: Experiment
                metadata: {name: hung}
                spec:
                  targets: [payment-gateway]
                  faults:
                    - {target: payment-gateway, percentage: 100, fault: {abort: {httpStatus: 503}}}
                  blastRadius: 100
                  duration: 8s
                  baseline: {duration: 2s, minRequests: 100}
                  recovery: {for: 1s, within: 2s}
                  slos: ['%s']
                """.formatted(slo));
        Tools.Result result = Tools.run(
                directory,
                180,
                List.of(
                        Tools.launcher().toString(),
                        "run",
                        file.toString(),
                        "--target",
                        "payment-gateway=" + paymentProxy.admin(),
                        "--observe",
                        "checkout=" + checkoutProxy.admin(),
                        "--json"));
        assertThat(result.exit()).as(result.out() + result.err()).isEqualTo(exit);
        // Each of the callers waits, and nobody else asks.
        assertThat(result.out())
                .contains("\"reason\" : \"" + reason + '"')
                .containsPattern("\"inFlight\" : " + CALLERS);
    }

    @Test
    void aTargetsProxyThatDiesEndsTheRun() throws Exception {
        Process run = Tools.builder(command())
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("run.log").toFile())
                .start();
        Sidecar.await(() -> paymentsFailed.sum() > 0);
        paymentProxy.kill();
        assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
        String log = Files.readString(directory.resolve("run.log"));
        assertThat(run.exitValue()).as(log).isEqualTo(2);
        assertThat(log)
                .contains("could not be taken back at " + paymentProxy.admin())
                .doesNotContain("Exception");
        assertThat(checkoutProxy.isAlive()).isTrue();
    }

    private long marked() {
        try {
            return Files.readAllLines(paymentProxy.accessLog()).stream()
                    .filter(line -> line.contains(" 503 FI ") && line.contains("experiment=" + EXPERIMENT))
                    .count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static long number(String pattern, String text) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertThat(matcher.find()).as("%s in %s", pattern, text).isTrue();
        return Long.parseLong(matcher.group(1));
    }
}
