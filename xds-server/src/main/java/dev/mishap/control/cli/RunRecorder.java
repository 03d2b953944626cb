package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import dev.mishap.control.experiment.RunListener;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.engine.Event;
import dev.mishap.rules.experiment.engine.Phase;
import dev.mishap.rules.experiment.engine.TimelinePoint;
import dev.mishap.rules.experiment.engine.Verdict;
import dev.mishap.rules.yaml.DocumentText;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Tells a control plane of a run: its begin, its phases, that it lives, its end with verdict and report. Once the begin is told, nothing that
 * fails here stops the run; it is said once, and tried again.
 */
final class RunRecorder implements RunListener, AutoCloseable {
    private static final long LIFE_SIGN_SECONDS = 15;
    /** How long one that is under way is waited for. */
    private static final long LAST_SIGN_SECONDS = 10;

    private static final int TRIES = 5;
    /** Bytes of a report in UTF-8, under what the server takes of a body. */
    private static final int MAX_REPORT = 800 << 10;

    private static final JsonMapper JSON = new JsonMapper();

    private final RunListener next;
    private final ApiClient client;
    private final String path;
    private final Map<String, Object> experiment = new LinkedHashMap<>();
    private final ScheduledThreadPoolExecutor executor;
    private volatile Phase phase = Phase.BASELINE;
    private boolean toldOfTrouble;

    /** @param run tells this run apart */
    RunRecorder(RunListener next, ApiClient client, String namespace, Experiment what, String run) {
        this.next = next;
        this.client = client;
        path = Place.experiment(namespace, run);
        experiment.put("id", what.id());
        experiment.put("name", what.name());
        experiment.put(
                "hypothesis",
                what.hypothesis().length() > 1000 ? what.hypothesis().substring(0, 1000) : what.hypothesis());
        executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "recorder");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Tells of the begin; where that cannot be done the run does not begin. */
    void begin() throws ApiException {
        put(Map.of());
        executor.scheduleWithFixedDelay(this::lifeSign, LIFE_SIGN_SECONDS, LIFE_SIGN_SECONDS, TimeUnit.SECONDS);
    }

    private void put(Map<String, Object> more) throws ApiException {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("experiment", experiment);
        body.put("phase", more.isEmpty() ? phase.name().toLowerCase(Locale.ROOT) : "done");
        body.putAll(more);
        client.call("PUT", path, DocumentText.jsonLine(body), "application/json", Map.of());
    }

    private void lifeSign() {
        try {
            if (phase != Phase.DONE) {
                put(Map.of());
            }
        } catch (ApiException e) {
            trouble(e);
        }
    }

    private synchronized void trouble(ApiException e) {
        if (!toldOfTrouble) {
            toldOfTrouble = true;
            next.notice("the run's record is not up to date: " + e.getMessage());
        }
    }

    /** Tells of the end. Whether it was taken. @param report in JSON */
    @SuppressWarnings("unchecked")
    boolean end(Verdict its, String report) {
        stop();
        Map<String, Object> verdict = new LinkedHashMap<>();
        verdict.put("exitCode", its.exitCode());
        verdict.put("reason", its.reason().name());
        String explanation = its.explanation();
        verdict.put("explanation", explanation.length() > 1000 ? explanation.substring(0, 1000) : explanation);
        Boolean recovered = its.recovered();
        if (recovered != null) {
            verdict.put("recovered", recovered);
        }
        JsonNode whole = JSON.readTree(report);
        if (JSON.writeValueAsBytes(whole).length > MAX_REPORT) {
            ((ObjectNode) whole).putArray("timeline");
            ((ObjectNode) whole).withArray("notes").add("The timeline is left out of the record: it is too large.");
        }
        Map<String, Object> more = new LinkedHashMap<>();
        more.put("verdict", verdict);
        more.put("report", JSON.convertValue(whole, Map.class));
        for (int i = 1; i <= TRIES; i++) {
            try {
                put(more);
                return true;
            } catch (ApiException e) {
                // An answer that was lost on its way: it is recorded.
                if (e.status() == 409 && i > 1) {
                    return true;
                }
                if (e.status() != 0 && e.status() != 503 || i == TRIES) {
                    next.notice("the run's end is not recorded: " + e.getMessage());
                    return false;
                }
                java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
            }
        }
        return false;
    }

    /** No sign of life comes after this. One that the server is still reading when it is told of the end would be in that one's way. */
    private void stop() {
        executor.shutdown();
        try {
            if (!executor.awaitTermination(LAST_SIGN_SECONDS, TimeUnit.SECONDS)) {
                executor.shutdownNow();
            }
        } catch (InterruptedException e) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void event(Event event) {
        next.event(event);
        Phase now = event.phase();
        if (now != phase) {
            phase = now;
            if (!executor.isShutdown()) {
                executor.execute(this::lifeSign);
            }
        }
    }

    @Override
    public void notice(String text) {
        next.notice(text);
    }

    @Override
    public void polled(Phase at, TimelinePoint point, long nanosToPhaseEnd) {
        next.polled(at, point, nanosToPhaseEnd);
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
