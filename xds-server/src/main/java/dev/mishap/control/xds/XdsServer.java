package dev.mishap.control.xds;

import dev.mishap.control.Failures;
import io.grpc.BindableService;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The xDS server on a gRPC port: all discovery services, for the nodes whose views a {@link ViewProvider} knows. */
public final class XdsServer implements AutoCloseable {
    private static final long CLOSE_SECONDS = 5;
    private static final long KEEP_ALIVE_SECONDS = 120;
    private static final long LEAST_PING_SECONDS = 1;
    /**
     * Kept, since the loggers of java.util.logging are not. It tells of each connection that is no HTTP/2 or TLS, with its bytes and a
     * stack trace: a scan of ports would fill the log.
     */
    private static final Logger CONNECTIONS =
            Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty.NettyServerTransport.connections");

    private final Server server;
    private final XdsService service;
    private final Fleet fleet;
    private final LoadReports loads;

    private final Polling polling;

    private XdsServer(Server server, XdsService service, Fleet fleet, LoadReports loads, Polling polling) {
        this.polling = polling;
        this.server = server;
        this.service = service;
        this.fleet = fleet;
        this.loads = loads;
    }

    public static Builder builder(ViewProvider views) {
        return new Builder(views);
    }

    /** The port that is bound, also where 0 was asked for. */
    public int port() {
        return server.getPort();
    }

    public Fleet fleet() {
        return fleet;
    }

    /** Discovery of the same views for nodes that poll; they are in the fleet, too. */
    public Polling polling() {
        return polling;
    }

    /** What the fleet sends to whom. */
    public LoadReports loads() {
        return loads;
    }

    /** Stops taking streams, ends those that are there, and returns when they have gone, or after some seconds. */
    @Override
    public void close() {
        server.shutdown();
        service.disconnectAll("the control plane stops");
        try {
            if (!server.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                server.shutdownNow();
            }
        } catch (InterruptedException e) {
            server.shutdownNow();
            Thread.currentThread().interrupt();
        }
        service.close();
    }

    /** What a server is made of; all but the views has a default. */
    public static final class Builder {
        private final ViewProvider views;
        private InetSocketAddress address = new InetSocketAddress("127.0.0.1", 0);
        private ServerCredentials credentials = InsecureServerCredentials.create();
        private Limits limits = Limits.DEFAULT;
        private int threads = Math.max(1, Runtime.getRuntime().availableProcessors());
        private Duration loadInterval = Duration.ofSeconds(10);
        private Clock clock = Clock.systemUTC();
        private final List<ServerInterceptor> interceptors = new ArrayList<>();
        private final List<BindableService> services = new ArrayList<>();

        private Builder(ViewProvider views) {
            this.views = views;
        }

        /** By default a free port of 127.0.0.1. */
        public Builder address(InetSocketAddress address) {
            this.address = address;
            return this;
        }

        /** TLS, with or without client certificates, which {@link Peer#certificates} then has; by default clear text. */
        public Builder credentials(ServerCredentials credentials) {
            this.credentials = credentials;
            return this;
        }

        public Builder limits(Limits limits) {
            this.limits = limits;
            return this;
        }

        /** Threads of the protocol; by default one per processor. The transport has as many of its own. */
        public Builder threads(int threads) {
            this.threads = threads;
            return this;
        }

        public Builder clock(Clock clock) {
            this.clock = clock;
            return this;
        }

        /** Sees every call before the services do, such as a check of tokens. */
        public Builder interceptor(ServerInterceptor interceptor) {
            interceptors.add(interceptor);
            return this;
        }

        /** One more service on the same port. */
        public Builder service(BindableService service) {
            services.add(service);
            return this;
        }

        /** How often nodes report their load, for those that do; 10 s by default. */
        public Builder loadInterval(Duration interval) {
            this.loadInterval = interval;
            return this;
        }

        /** Binds and serves. */
        public XdsServer start() {
            if (CONNECTIONS.getLevel() == null) {
                CONNECTIONS.setLevel(Level.WARNING);
            }
            Fleet fleet = new Fleet();
            StreamCounts counts = new StreamCounts(limits);
            XdsService service = new XdsService(views, fleet, limits, counts, threads, clock);
            NettyServerBuilder builder = NettyServerBuilder.forAddress(address, credentials)
                    .maxInboundMessageSize(limits.messageBytes())
                    // A proxy that is gone without a word leaves the fleet; and proxies that ask the same of this
                    // server by pings (Envoy's
                    // connection_keepalive) are not cut off for it, as gRPC does by default below five minutes.
                    .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                    .permitKeepAliveTime(LEAST_PING_SECONDS, TimeUnit.SECONDS)
                    .permitKeepAliveWithoutCalls(true)
                    // Streams hop to their workers by themselves.
                    .directExecutor();
            LoadReports loads = new LoadReports(loadInterval, clock, views, service, limits.nodeDeadline());
            PeerCalls admission = new PeerCalls(counts);
            builder.addService(ServerInterceptors.intercept(new ClientStatus(fleet, views), admission))
                    .addService(ServerInterceptors.intercept(loads.service(), admission));
            service.definitions().forEach(builder::addService);
            services.forEach(builder::addService);
            interceptors.forEach(builder::intercept);
            try {
                return new XdsServer(
                        builder.build().start(),
                        service,
                        fleet,
                        loads,
                        new Polling(views, service.nodes(), fleet, clock, service::after));
            } catch (IOException e) {
                service.close();
                IOException told = Failures.cannotListen(address.getHostString(), address.getPort(), e);
                throw new UncheckedIOException(told.getMessage(), told);
            }
        }
    }
}
