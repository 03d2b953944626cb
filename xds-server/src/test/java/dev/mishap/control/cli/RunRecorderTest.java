package dev.mishap.control.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.Context;
import dev.mishap.control.experiment.RunListener;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.engine.Event;
import dev.mishap.rules.experiment.engine.Phase;
import dev.mishap.rules.experiment.engine.Reason;
import dev.mishap.rules.experiment.engine.TimelinePoint;
import dev.mishap.rules.experiment.engine.Verdict;
import dev.mishap.rules.yaml.RuleReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RunRecorderTest {
    private static final String TEXT = """
            apiVersion: mishap.dev/v1
            kind: Experiment
            metadata: {name: payments}
            spec:
              targets: [payment-gateway]
              faults:
              - {target: payment-gateway, percentage: 40, fault: {abort: {httpStatus: 503}}}
              duration: 1m
              slos: [checkout_success_rate >= 0.95]
            """;

    private final List<String> notices = new CopyOnWriteArrayList<>();
    private final RunListener console = new RunListener() {
        @Override
        public void event(Event event) {}

        @Override
        public void notice(String text) {
            notices.add(text);
        }

        @Override
        public void polled(Phase phase, TimelinePoint point, long nanosToPhaseEnd) {}
    };

    private static Experiment experiment() {
        RuleReader.Result result = RuleReader.read(TEXT, "test");
        assertThat(result.problems()).isEmpty();
        return result.experiments().get(0);
    }

    @Test
    void theEndComesAfterASignOfLifeThatIsUnderWay() throws Exception {
        List<String> answered = new CopyOnWriteArrayList<>();
        CountDownLatch sign = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        ExecutorService threads = Executors.newCachedThreadPool();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", call -> {
            String body = new String(call.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            String phase = body.replaceAll("(?s).*\"phase\": *\"([a-z]+)\".*", "$1");
            if (phase.equals("injection")) {
                sign.countDown();
                try {
                    goOn.await(10, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            answered.add(phase);
            byte[] document = "{}".getBytes(StandardCharsets.UTF_8);
            call.getResponseHeaders().set("content-type", "application/json");
            call.sendResponseHeaders(200, document.length);
            call.getResponseBody().write(document);
            call.close();
        });
        server.start();
        ApiClient client = new ApiClient(
                new Context(
                        "t", "http://127.0.0.1:" + server.getAddress().getPort(), null, null, null, null, null, null),
                Duration.ofSeconds(20));
        try (RunRecorder recorder = new RunRecorder(console, client, "default", experiment(), "run-1")) {
            recorder.begin();
            recorder.event(new Event(0, Phase.INJECTION, "faults are in place"));
            assertThat(sign.await(10, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<Boolean> taken = new CompletableFuture<>();
            Thread end = new Thread(
                    () -> taken.complete(recorder.end(new Verdict(Reason.values()[0], "all is well", true), "{}")));
            end.start();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(8);
            while (end.getState() != Thread.State.TIMED_WAITING
                    && !answered.contains("done")
                    && System.nanoTime() - deadline < 0) {
                Thread.onSpinWait();
            }
            goOn.countDown();
            assertThat(taken.get(15, TimeUnit.SECONDS)).isTrue();
        } finally {
            server.stop(0);
            threads.shutdownNow();
        }
        assertThat(answered).containsExactly("baseline", "injection", "done");
        assertThat(notices).isEmpty();
    }
}
