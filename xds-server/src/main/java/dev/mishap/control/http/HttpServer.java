package dev.mishap.control.http;

import dev.mishap.control.Failures;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.rules.yaml.DocumentText;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An HTTP server for a table of routes, with limits on everything that a client may send or hold. */
public final class HttpServer implements AutoCloseable {
    /** Kept, since the loggers of java.util.logging are not. It tells of each start and stop. */
    private static final java.util.logging.Logger JETTY = java.util.logging.Logger.getLogger("org.eclipse.jetty");

    private static final Logger LOG = LoggerFactory.getLogger("mishap.api");

    private final Server server;
    private final ServerConnector connector;
    private final HttpOptions options;
    private final RequestCounts counts;

    private HttpServer(Server server, ServerConnector connector, HttpOptions options, RequestCounts counts) {
        this.server = server;
        this.connector = connector;
        this.options = options;
        this.counts = counts;
    }

    /**
     * Listens and serves.
     *
     * @param tls null = without TLS
     * @throws IOException when it cannot listen
     */
    public static HttpServer start(
            List<Route> routes,
            Admission admission,
            HttpOptions options,
            RequestCounts counts,
            @Nullable SSLContext tls)
            throws IOException {
        // What waits for a thread is bounded by the connections.
        QueuedThreadPool pool = new QueuedThreadPool(options.threads(), Math.min(4, options.threads()), 30_000);
        pool.setName("mishap-api");
        pool.setDaemon(true);
        if (JETTY.getLevel() == null) {
            JETTY.setLevel(java.util.logging.Level.WARNING);
        }
        Server server = new Server(pool);
        HttpConfiguration http = new HttpConfiguration();
        http.setRequestHeaderSize(options.maxHeadBytes());
        http.setSendServerVersion(false);
        http.setIdleTimeout(options.idle().toMillis());
        http.setMaxUnconsumedRequestContentReads(16);
        HttpConnectionFactory plain = new HttpConnectionFactory(http);
        ServerConnector connector;
        if (tls == null) {
            connector = new ServerConnector(server, 1, 1, plain);
        } else {
            SecureRequestCustomizer customizer = new SecureRequestCustomizer(false);
            customizer.setSniRequired(false);
            http.addCustomizer(customizer);
            SslContextFactory.Server factory = new SslContextFactory.Server();
            factory.setSslContext(tls);
            factory.setWantClientAuth(true);
            factory.setIncludeProtocols("TLSv1.2", "TLSv1.3");
            factory.setRenegotiationAllowed(false);
            connector =
                    new ServerConnector(server, 1, 1, new SslConnectionFactory(factory, plain.getProtocol()), plain);
        }
        connector.setHost(options.host());
        connector.setPort(options.port());
        connector.setReuseAddress(true);
        connector.setIdleTimeout(options.idle().toMillis());
        connector.setAcceptQueueSize(1024);
        connector.addBean(new NetworkConnectionLimit(options.maxConnections(), connector));
        int layers = tls == null ? 1 : 2;
        connector.addBean(new PeerConnections(Math.max(1, options.maxConnections() * 3 / 4) * layers));
        SlowHeads slow = new SlowHeads(options.requestTime().toNanos());
        connector.addBean(slow);
        server.addConnector(connector);
        server.setHandler(new ApiHandler(routes, admission, options, counts));
        server.setErrorHandler(new Problems());
        connector.setShutdownIdleTimeout(100);
        server.setStopTimeout(3000);
        HttpServer started = new HttpServer(server, connector, options, counts);
        try {
            server.start();
        } catch (Exception e) {
            try {
                server.stop();
            } catch (Exception again) {
                e.addSuppressed(again);
            }
            throw Failures.cannotListen(options.host(), options.port(), e);
        }
        started.sweepLater(slow);
        return started;
    }

    private void sweepLater(SlowHeads slow) {
        connector
                .getScheduler()
                .schedule(
                        () -> {
                            slow.sweep(System.nanoTime());
                            if (server.isRunning()) {
                                sweepLater(slow);
                            }
                        },
                        Math.max(50, options.requestTime().toMillis() / 8),
                        TimeUnit.MILLISECONDS);
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return new InetSocketAddress(
                options.host().isEmpty() ? InetAddress.getLoopbackAddress().getHostName() : options.host(),
                connector.getLocalPort());
    }

    public RequestCounts counts() {
        return counts;
    }

    public int connections() {
        return connector.getConnectedEndPoints().size();
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (TimeoutException e) {
            LOG.debug("requests that were under way at the stop were cut off");
        } catch (Exception e) {
            throw new IllegalStateException("the API server did not stop: " + e, e);
        }
    }

    /** What Jetty itself refuses (a head that is no HTTP, or too large) is told as all else is. */
    private static final class Problems extends ErrorHandler {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            int status = response.getStatus();
            ProblemKind kind = status >= 500 ? ProblemKind.INTERNAL : ProblemKind.INVALID;
            String detail = switch (status) {
                case 400 -> "this is no request of HTTP/1.1 that can be understood in one way only";
                case 414 -> "the request's line is too long";
                case 431 -> "the request's headers are too large";
                case 505 -> "this is not HTTP/1.1";
                default -> "the request cannot be served";
            };
            java.util.Map<String, Object> document = new ProblemException(kind, detail).document("none");
            document.put("status", status);
            byte[] body = DocumentText.json(document).getBytes(StandardCharsets.UTF_8);
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/problem+json");
            response.getHeaders().put("x-content-type-options", "nosniff");
            response.write(true, ByteBuffer.wrap(body), callback);
            return true;
        }
    }
}
