package dev.mishap.control.experiment;

import dev.mishap.control.Failures;
import dev.mishap.control.WholeAnswer;
import dev.mishap.rules.experiment.engine.FaultCounts;
import dev.mishap.rules.experiment.engine.LatencyHistogram;
import dev.mishap.rules.experiment.engine.RequestCounts;
import dev.mishap.rules.experiment.engine.ServiceCounts;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The rules API of one proxy ({@code /mishap/v1} on its admin address). Safe for use by several threads. */
public final class ProxyClient {
    private static final JsonMapper JSON = JsonMapper.shared();
    /** Well under a lease, so that a proxy that hangs is noticed before its rules have run out unseen. */
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    /** Whoever stops everything waits for the answer, however busy the proxy is. */
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

    private final HttpClient http;
    private final URI address;
    private final @Nullable String token;
    private final boolean dryRun;

    /**
     * @param address the admin address, as {@code http://127.0.0.1:9901}
     * @param token for the bearer authorization; null = none
     */
    public ProxyClient(HttpClient http, URI address, @Nullable String token) {
        this(http, address, token, false);
    }

    /** @param dryRun whether what rules would have touched counts as touched */
    ProxyClient(HttpClient http, URI address, @Nullable String token, boolean dryRun) {
        this.dryRun = dryRun;
        this.http = http;
        this.address = address;
        this.token = token;
    }

    URI address() {
        return address;
    }

    /** Creates or replaces a rule, bound to a lease. */
    void putRule(String name, String json, Lease lease) throws ProxyException {
        send("PUT", "rules/" + segment(name) + query(lease), json);
    }

    /** The counts of an experiment's rules; the sum if there are several. */
    FaultCounts faults(String experimentId) throws ProxyException {
        return sum(send("GET", "rules", null), experimentId);
    }

    /** Whether the proxy still has this rule and it has not run out. */
    boolean hasRule(String name) throws ProxyException {
        try {
            send("GET", "rules/" + segment(name), null);
            return true;
        } catch (ProxyException e) {
            if (e.status() == 404) {
                return false;
            }
            throw e;
        }
    }

    /** Ends an experiment's rules; the answer is their last counts. */
    FaultCounts deleteRules(String experimentId) throws ProxyException {
        return sum(send("DELETE", "rules?experiment=" + segment(experimentId), null), experimentId);
    }

    /** Renews a lease; false when it has run out. */
    boolean renew(Lease lease) throws ProxyException {
        try {
            send("PUT", "leases/" + segment(lease.id()) + "?leaseMillis=" + lease.millis(), "");
            return true;
        } catch (ProxyException e) {
            if (e.status() == 404) {
                return false;
            }
            throw e;
        }
    }

    /** Ends a lease and everything bound to it. */
    void deleteLease(Lease lease) throws ProxyException {
        send("DELETE", "leases/" + segment(lease.id()), null);
    }

    /** Turns all faults of the proxy off, whatever they come from; true when they are. */
    public boolean kill(String reason) throws ProxyException {
        return send("POST", "kill" + reason(reason), "", STOP_TIMEOUT)
                .path("killed")
                .asBoolean(false);
    }

    /** Lets faults act again that a call or a signal has turned off; true when they may. */
    public boolean arm(String reason) throws ProxyException {
        return !send("DELETE", "kill" + reason(reason), null, STOP_TIMEOUT)
                .path("killed")
                .asBoolean(true);
    }

    private static String reason(String reason) {
        return reason.isEmpty() ? "" : "?reason=" + segment(reason);
    }

    void putObserver(String name, String json, Lease lease) throws ProxyException {
        send("PUT", "observers/" + segment(name) + query(lease), json);
    }

    /** What an observer has counted since it was made. */
    ServiceCounts observer(String name) throws ProxyException {
        JsonNode answer = send("GET", "observers/" + segment(name), null);
        return new ServiceCounts(counts(answer.path("all")), counts(answer.path("cohort")));
    }

    private static String query(Lease lease) {
        return "?lease=" + segment(lease.id()) + "&leaseMillis=" + lease.millis();
    }

    private static String segment(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private FaultCounts sum(JsonNode answer, String experimentId) {
        FaultCounts total = FaultCounts.NONE;
        for (JsonNode rule : answer.path("rules")) {
            if (!experimentId.equals(rule.path("spec").path("experimentId").asString(""))
                    && !experimentId.equals(
                            rule.path("metadata").path("experimentId").asString(""))) {
                continue;
            }
            JsonNode status = rule.path("status");
            JsonNode suppressed = status.path("suppressed");
            total = total.plus(new FaultCounts(
                    status.path("scoped").asLong(0),
                    status.path("cohort").asLong(0),
                    status.path("drawn").asLong(0),
                    status.path(dryRun ? "wouldTouch" : "touched").asLong(0),
                    suppressed.path("cap").asLong(0),
                    suppressed.path("concurrency").asLong(0)
                            + suppressed.path("rate").asLong(0)
                            + suppressed.path("schedule").asLong(0)
                            + suppressed.path("protected").asLong(0)
                            + suppressed.path("superseded").asLong(0)));
        }
        return total;
    }

    private static RequestCounts counts(JsonNode stats) {
        JsonNode latency = stats.path("latencyMicros");
        return new RequestCounts(
                stats.path("requests").asLong(0),
                stats.path("successes").asLong(0),
                stats.path("failures").asLong(0),
                stats.path("resets").asLong(0),
                latency.isMissingNode()
                        ? LatencyHistogram.EMPTY
                        : new LatencyHistogram(longs(latency.path("bounds")), longs(latency.path("counts"))),
                stats.path("inFlight").asLong(0));
    }

    private static long[] longs(JsonNode array) {
        long[] values = new long[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asLong();
        }
        return values;
    }

    private JsonNode send(String method, String path, @Nullable String body) throws ProxyException {
        return send(method, path, body, TIMEOUT);
    }

    private JsonNode send(String method, String path, @Nullable String body, Duration timeout) throws ProxyException {
        HttpRequest.Builder request = HttpRequest.newBuilder(address.resolve("/mishap/v1/" + path))
                .timeout(timeout)
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (body != null) {
            request.header("content-type", "application/json");
        }
        if (token != null) {
            request.header("authorization", "Bearer " + token);
        }
        HttpResponse<String> response;
        try {
            response = WholeAnswer.of(http, request.build(), timeout);
        } catch (IOException e) {
            throw new ProxyException("no answer from the proxy at " + address + ": " + Failures.text(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ProxyException("interrupted while waiting for the proxy at " + address, e);
        }
        if (response.statusCode() >= 300) {
            throw new ProxyException(response.statusCode(), problem(response));
        }
        try {
            return response.body().isEmpty() ? JSON.createObjectNode() : JSON.readTree(response.body());
        } catch (JacksonException e) {
            throw new ProxyException(
                    "the answer of " + address + " is no JSON: is that the admin address of a Mishap proxy?", e);
        }
    }

    private String problem(HttpResponse<String> response) {
        String about = address + " answered " + response.statusCode();
        try {
            JsonNode problem = JSON.readTree(response.body());
            List<String> details = new ArrayList<>();
            for (String field : List.of("title", "detail")) {
                String text = problem.path(field).asString("");
                if (!text.isEmpty()) {
                    details.add(text);
                }
            }
            for (JsonNode error : problem.path("errors")) {
                details.add(error.path("field").asString("") + ": "
                        + error.path("problem").asString(""));
            }
            return details.isEmpty() ? about : about + ": " + String.join("; ", details);
        } catch (JacksonException e) {
            return about + (response.statusCode() == 404 ? ": is that the admin address of a Mishap proxy?" : "");
        }
    }
}
