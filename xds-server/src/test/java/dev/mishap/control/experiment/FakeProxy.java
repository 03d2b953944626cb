package dev.mishap.control.experiment;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The rules API of docs/rules-api.md over a made-up service: each reading of an observer sees 400 more requests, 20 of them exposed. While
 * a rule is in place 8 of the exposed are touched, and fail when {@code faultsHurt}.
 */
final class FakeProxy implements AutoCloseable {
    private static final class Held {
        final String lease;
        final String body;
        long readings;
        long touched;
        long failures;

        Held(String lease, String body) {
            this.lease = lease;
            this.body = body;
        }
    }

    final List<String> requests = new ArrayList<>();
    volatile boolean faultsHurt;
    volatile boolean sick;
    volatile boolean touchesNothing;
    volatile boolean refusesRules;
    volatile boolean refusesRenewal;
    volatile boolean losesObserverWithRules;
    private final HttpServer server;
    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final Map<String, Long> leases = new ConcurrentHashMap<>();
    private final Map<String, Held> rules = new HashMap<>();
    private final Map<String, Held> observers = new HashMap<>();

    FakeProxy() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(executor);
        server.createContext("/mishap/v1/", this::handle);
        server.start();
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    synchronized int rules() {
        expire();
        return rules.size();
    }

    synchronized int observers() {
        expire();
        return observers.size();
    }

    private void handle(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        Map<String, String> query = new HashMap<>();
        String raw = exchange.getRequestURI().getQuery();
        for (String pair : raw == null ? new String[0] : raw.split("&")) {
            query.put(pair.split("=")[0], pair.split("=")[1]);
        }
        String[] path = exchange.getRequestURI()
                .getPath()
                .substring("/mishap/v1/".length())
                .split("/");
        String answer;
        int status = 200;
        synchronized (this) {
            expire();
            requests.add(exchange.getRequestMethod() + " " + path[0]);
            String what = exchange.getRequestMethod() + " " + path[0];
            if (query.containsKey("lease") && clash(path, query.get("lease"))) {
                status = 409;
                answer = "{\"title\":\"held by another lease\"}";
            } else if (what.equals("PUT rules") && refusesRules) {
                status = 400;
                answer = "{\"title\":\"bad rule\",\"errors\":[{\"field\":\"spec.fault\",\"problem\":\"not here\"}]}";
            } else if (what.equals("PUT rules")) {
                lease(query);
                dryRuns += body.contains("\"dryRun\":true") ? 1 : 0;
                rules.put(path[1], new Held(query.get("lease"), body));
                answer = "{}";
            } else if (what.equals("GET rules")) {
                answer = status();
            } else if (what.equals("DELETE rules")) {
                answer = status();
                rules.clear();
            } else if (what.equals("PUT observers")) {
                lease(query);
                observers.putIfAbsent(path[1], new Held(query.get("lease"), body));
                answer = "{}";
            } else if (what.equals("GET observers")) {
                Held observer = observers.get(path[1]);
                boolean lost = observer == null || losesObserverWithRules && !rules.isEmpty();
                status = lost ? 404 : 200;
                answer = lost || observer == null ? "{\"title\":\"no such observer\"}" : reading(observer);
            } else if (what.equals("PUT leases")) {
                boolean alive = leases.containsKey(path[1]) && !(refusesRenewal && path[1].endsWith(".rules"));
                status = alive ? 200 : 404;
                if (alive) {
                    leases.put(path[1], System.nanoTime() + Long.parseLong(query.get("leaseMillis")) * 1_000_000);
                }
                answer = "{}";
            } else if (what.equals("DELETE leases")) {
                leases.remove(path[1]);
                expire();
                answer = "{}";
            } else {
                status = 405;
                answer = "{\"title\":\"unexpected " + what + "\"}";
            }
        }
        byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    volatile int dryRuns;

    private boolean clash(String[] path, String lease) {
        Held held = (path[0].equals("rules") ? rules : observers).get(path[1]);
        return held != null && !held.lease.equals(lease);
    }

    private void lease(Map<String, String> query) {
        leases.put(query.get("lease"), System.nanoTime() + Long.parseLong(query.get("leaseMillis")) * 1_000_000);
    }

    private void expire() {
        long now = System.nanoTime();
        leases.values().removeIf(end -> end <= now);
        rules.values().removeIf(rule -> !leases.containsKey(rule.lease));
        observers.values().removeIf(observer -> !leases.containsKey(observer.lease));
    }

    private String status() {
        StringBuilder all = new StringBuilder();
        rules.forEach((name, rule) -> all.append(all.isEmpty() ? "" : ",")
                .append(rule.body, 0, rule.body.length() - 1)
                .append(",\"status\":{\"scoped\":")
                .append(rule.touched * 50)
                .append(",\"cohort\":")
                .append(rule.touched * 2)
                .append(",\"drawn\":")
                .append(rule.touched)
                .append(rule.body.contains("\"dryRun\":true") ? ",\"wouldTouch\":" : ",\"touched\":")
                .append(rule.touched)
                .append(",\"suppressed\":{\"cap\":0}}}"));
        return "{\"deleted\":" + rules.size() + ",\"rules\":[" + all + "]}";
    }

    private String reading(Held observer) {
        observer.readings++;
        if (!rules.isEmpty() && !touchesNothing) {
            rules.values().forEach(rule -> rule.touched += 8);
            observer.failures += faultsHurt ? 8 : 0;
        }
        long sickOnes = sick ? observer.readings * 80 : 0;
        return "{\"all\":" + stats(observer.readings * 400, observer.failures + sickOnes) + ",\"cohort\":"
                + stats(observer.readings * 20, observer.failures) + "}";
    }

    private static String stats(long requests, long failures) {
        return "{\"requests\":" + requests + ",\"successes\":" + (requests - failures) + ",\"failures\":" + failures
                + ",\"resets\":0,\"latencyMicros\":{\"bounds\":[1000,10000],\"counts\":[0," + requests + ",0]}}";
    }

    /** Waits until the condition holds, at most ten seconds. */
    static void await(java.util.function.BooleanSupplier condition) {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > limit) {
                throw new AssertionError("did not come true within 10 s");
            }
            LockSupport.parkNanos(5_000_000);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        executor.shutdownNow();
    }
}
