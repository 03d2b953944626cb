package dev.mishap.control.demo;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;

/** What both services of the demo are made of: an HTTP server on a free port of the loopback, a timer and a log. */
final class HttpService implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService workers;
    private final ScheduledExecutorService timers;
    private final ServiceLog log;

    /** @param handler gets exchanges whose body has been read, and answers each, now or later, with {@link #answer} */
    HttpService(String name, Path logFile, Consumer<HttpExchange> handler) throws IOException {
        // Without it the JDK's server waits for the client's delayed ACK before it sends a body: 40 ms that are not
        // ours.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        // By default it closes idle connections over 200, which a proxy that is just sending on one sees as a failure.
        System.setProperty("sun.net.httpserver.maxIdleConnections", "2000");
        log = new ServiceLog(logFile);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
        workers = Executors.newFixedThreadPool(8, work -> daemon(work, name));
        timers = Executors.newScheduledThreadPool(2, work -> daemon(work, name + "-timer"));
        server.setExecutor(workers);
        server.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            handler.accept(exchange);
        });
        server.start();
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    int port() {
        return server.getAddress().getPort();
    }

    ScheduledExecutorService timers() {
        return timers;
    }

    void answer(HttpExchange exchange, int status, String json) {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        log.answered(
                exchange.getRequestMethod(), exchange.getRequestURI().getPath(), status, exchange.getRequestHeaders());
        try (exchange) {
            exchange.getResponseHeaders().set("content-type", "application/json");
            exchange.sendResponseHeaders(status, body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        } catch (IOException e) {
            // The caller has gone; it counts that itself.
        }
    }

    @Override
    public void close() throws IOException {
        server.stop(0);
        workers.shutdownNow();
        timers.shutdownNow();
        log.close();
    }
}
