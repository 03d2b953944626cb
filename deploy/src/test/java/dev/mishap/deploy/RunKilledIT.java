package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that is killed leaves no fault behind: measured on traffic through a real proxy that goes on serving. */
class RunKilledIT {
    /** The lease, and what a proxy may be late with ending it. */
    private static final long LEASE_AND_A_HALF_MILLIS = 5_500;

    @TempDir
    Path directory;

    private final HttpClient http = HttpClient.newHttpClient();
    private final AtomicLong lastFault = new AtomicLong();
    private final AtomicLong faults = new AtomicLong();
    private final AtomicLong good = new AtomicLong();
    private HttpServer upstream;
    private Sidecar proxy;
    private Thread traffic;
    private volatile boolean ended;

    @BeforeEach
    void start() throws IOException {
        upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        upstream.createContext("/", exchange -> {
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        upstream.start();
        proxy = new Sidecar(directory, "shop", upstream.getAddress().getPort());
        traffic = new Thread(this::drive);
        traffic.start();
    }

    @AfterEach
    void stop() throws Exception {
        ended = true;
        traffic.join();
        proxy.close();
        upstream.stop(0);
    }

    private void drive() {
        while (!ended) {
            int status = get(proxy.listener());
            if (status == 503) {
                lastFault.set(System.nanoTime());
                faults.incrementAndGet();
            } else if (status == 204) {
                good.incrementAndGet();
            }
            LockSupport.parkNanos(2_000_000);
        }
    }

    private int get(URI uri) {
        try {
            return http.send(
                            HttpRequest.newBuilder(uri)
                                    .timeout(Duration.ofSeconds(2))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private Process run() throws IOException {
        Path file = Files.writeString(directory.resolve("experiment.yaml"), """
                apiVersion: mishap.dev/v1
                kind: Experiment
                metadata: {name: killed, namespace: staging}
                spec:
                  targets: [shop]
                  faults: [{target: shop, fault: {abort: {httpStatus: 503}}}]
                  blastRadius: 100
                  duration: 60s
                  baseline: {duration: 300ms, minRequests: 10}
                  poll: 100ms
                  autoRollback: {on: [LOST_METRICS]}
                  slos: [shop_success_rate >= 0.5]
                """);
        // A shell that runs the tests in the background has its children ignore SIGINT, and they pass that on.
        return Tools.builder(List.of(
                        "env",
                        "--default-signal=INT",
                        Tools.launcher().toString(),
                        "run",
                        file.toString(),
                        "--target",
                        "shop=" + proxy.admin(),
                        "--observe",
                        "shop=" + proxy.admin()))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("run.log").toFile())
                .start();
    }

    /** 0 = as soon as the first fault is seen, so before the first renewal; the others are milliseconds after it. */
    @ParameterizedTest
    @ValueSource(ints = {0, 700, 1480, 1620, 3333})
    void noFaultOutlivesTheLease(int afterMillis) throws Exception {
        Process run = run();
        Sidecar.await(() -> faults.get() > 0);
        if (run.waitFor(afterMillis, TimeUnit.MILLISECONDS)) {
            throw new AssertionError("the run ended by itself: " + Files.readString(directory.resolve("run.log")));
        }
        run.destroyForcibly().waitFor();
        long killed = System.nanoTime();
        Sidecar.await(
                () -> System.nanoTime() - killed > TimeUnit.MILLISECONDS.toNanos(LEASE_AND_A_HALF_MILLIS + 1_000));
        assertThat(TimeUnit.NANOSECONDS.toMillis(lastFault.get() - killed)).isLessThan(LEASE_AND_A_HALF_MILLIS);
        long before = good.get();
        Sidecar.await(() -> good.get() > before + 20);
        assertThat(proxy.isAlive()).isTrue();
    }

    @Test
    void anInterruptedRunTakesItsFaultsBackAndExits130() throws Exception {
        Process run = run();
        Sidecar.await(() -> faults.get() > 0);
        new ProcessBuilder("kill", "-INT", Long.toString(run.pid())).start().waitFor();
        assertThat(run.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(run.exitValue())
                .as(Files.readString(directory.resolve("run.log")))
                .isEqualTo(130);
        long last = faults.get();
        long before = good.get();
        Sidecar.await(() -> good.get() > before + 50);
        assertThat(faults.get()).isEqualTo(last);
    }
}
