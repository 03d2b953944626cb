package dev.mishap.control.cli;

import dev.mishap.control.base.Dependency;
import dev.mishap.control.base.FaultFilters;
import dev.mishap.control.base.FleetFile;
import dev.mishap.control.serve.Bootstraps;
import dev.mishap.control.serve.ControlPlane;
import dev.mishap.control.serve.ServeOptions;
import dev.mishap.rules.Durations;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs the control plane. */
@Command(
        name = "serve",
        description = "The control plane: keeps rules, and pushes them to Mishap proxies, Envoys and gRPC clients.",
        footerHeading = "%n",
        footer = "Exit codes: 0 ended by a signal, 2 could not start.")
final class ServeCommand implements Callable<Integer> {
    private static final String LOG_FORMAT = "java.util.logging.SimpleFormatter.format";
    private static final int FIRST_PORT = 10000;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--listen-api",
            paramLabel = "HOST:PORT",
            description = "Where people and tools call. Default: ${DEFAULT-VALUE}.",
            defaultValue = "127.0.0.1:18080")
    private String listenApi = "";

    @Option(
            names = "--listen-xds",
            paramLabel = "HOST:PORT",
            description = "Where proxies connect to. Default: ${DEFAULT-VALUE}.",
            defaultValue = "127.0.0.1:18000")
    private String listenXds = "";

    @Option(
            names = "--listen-xds-rest",
            paramLabel = "HOST:PORT",
            description = "Where proxies poll that have no stream (api_type: REST). Default: nowhere.")
    private @Nullable String listenRest;

    @Mixin
    private SecurityOptions security = new SecurityOptions();

    @Mixin
    private StoreFlags store = new StoreFlags();

    @Option(
            names = "--dependency",
            paramLabel = "NAME=[PORT:][PROTOCOL://]HOST:PORT",
            description =
                    "Something that services call: proxies listen for it on PORT of 127.0.0.1 (10000, 10001 … without) and send it to"
                            + " HOST:PORT; gRPC clients ask for xds:///NAME. PROTOCOL: http (default), http2, grpc, tcp, dns. Many times.")
    private List<String> dependencies = List.of();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Dependencies as a YAML file of kind Fleet, beside or in place of --dependency.")
    private @Nullable Path fleetFile;

    @Option(
            names = "--config-dir",
            paramLabel = "DIR",
            description = "Files of Envoy resources (YAML or JSON) that the proxies get; watched.")
    private @Nullable Path configDir;

    @Mixin
    private UpstreamFlags upstream = new UpstreamFlags();

    @Option(
            names = "--fault-ttl",
            paramLabel = "DURATION",
            description = "How long faults outlive this server on Envoys. Default: ${DEFAULT-VALUE}.",
            defaultValue = "5s")
    private String faultTtl = "";

    @Option(
            names = "--fault-filters",
            paramLabel = "N",
            description =
                    "How many fault filters a listener of an Envoy gets, and so how many rules can act on it that are not of"
                            + " different routes or clusters. Default: ${DEFAULT-VALUE}. Another number makes listeners anew.",
            defaultValue = "" + FaultFilters.PER_LISTENER)
    private int faultFilters = FaultFilters.PER_LISTENER;

    @Option(
            names = "--print-bootstrap",
            paramLabel = "CLIENT",
            description = "Print a bootstrap for a client of this server and exit: ${COMPLETION-CANDIDATES}.")
    private Bootstraps.@Nullable Client bootstrap;

    @Option(
            names = "--api-type",
            paramLabel = "TYPE",
            description =
                    "How the client of --print-bootstrap asks: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.",
            defaultValue = "DELTA_GRPC")
    private Bootstraps.ApiType apiType = Bootstraps.ApiType.DELTA_GRPC;

    @Option(
            names = "--node",
            paramLabel = "SERVICE/ID",
            description = "Whose bootstrap. Default: ${DEFAULT-VALUE}.",
            defaultValue = "my-service/my-node")
    private String node = "";

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (System.getProperty(LOG_FORMAT) == null) {
            System.setProperty(LOG_FORMAT, "[%1$tF %1$tT.%1$tL][%4$s][%3$s] %5$s%6$s%n");
        }
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        InetSocketAddress xds = address("--listen-xds", listenXds);
        Bootstraps.Client client = bootstrap;
        if (client != null) {
            out.print(printed(client, apiType == Bootstraps.ApiType.REST ? rest(client) : xds));
            out.flush();
            return Mishap.OK;
        }
        ServeOptions options = options(xds);
        CountDownLatch ended = new CountDownLatch(1);
        try (Interrupts interrupts = Interrupts.handle()) {
            try (ControlPlane plane = ControlPlane.start(options)) {
                err.println("mishap serve: base configuration: " + plane.base());
                err.println("mishap serve: rules are kept " + options.store());
                InetSocketAddress api = plane.apiAddress();
                err.println("mishap serve: ready: API on " + (security.tls() ? "https://" : "http://")
                        + api.getHostString() + ':' + api.getPort() + "/, xDS on " + xds.getHostString() + ':'
                        + plane.xdsPort()
                        + (plane.restPort() == 0 ? "" : ", xDS by REST on port " + plane.restPort()));
                err.flush();
                interrupts.onSignal(ended::countDown);
                ended.await();
            }
        }
        err.println("mishap serve: ended; faults on Envoys end within " + faultTtl);
        err.flush();
        return Mishap.OK;
    }

    private InetSocketAddress rest(Bootstraps.Client client) {
        String address = listenRest;
        if (address == null || client == Bootstraps.Client.GRPC) {
            throw new ParameterException(
                    spec.commandLine(),
                    address == null
                            ? "--api-type REST needs --listen-xds-rest, where the client is to poll"
                            : "gRPC clients cannot poll: --api-type REST is for envoy and mishap");
        }
        return address("--listen-xds-rest", address);
    }

    private String printed(Bootstraps.Client client, InetSocketAddress xds) {
        int slash = node.indexOf('/');
        if (slash < 1 || slash == node.length() - 1) {
            throw new ParameterException(spec.commandLine(), "--node must be SERVICE/ID, got '" + node + "'");
        }
        return Bootstraps.of(
                client,
                xds.getHostString(),
                xds.getPort(),
                node.substring(0, slash),
                node.substring(slash + 1),
                apiType,
                security.clientTls());
    }

    private ServeOptions options(InetSocketAddress xds) throws IOException {
        try {
            List<Dependency> parsed = new ArrayList<>(fleetFile == null ? List.of() : FleetFile.read(fleetFile));
            for (String dependency : dependencies) {
                parsed.add(dependency(dependency, FIRST_PORT + parsed.size()));
            }
            return new ServeOptions(
                    address("--listen-api", listenApi),
                    xds,
                    listenRest == null ? null : address("--listen-xds-rest", listenRest),
                    security.config(),
                    store.place(),
                    parsed,
                    configDir,
                    upstream.targets(),
                    upstream.security(),
                    timeToLive(),
                    faultFilters);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
        }
    }

    private static Dependency dependency(String text, int port) {
        try {
            return Dependency.parse(text, port);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--dependency '" + text + "': " + e.getMessage(), e);
        }
    }

    private Duration timeToLive() {
        try {
            return Durations.parse(faultTtl);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--fault-ttl: " + e.getMessage(), e);
        }
    }

    private InetSocketAddress address(String flag, String text) {
        int colon = text.lastIndexOf(':');
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            String host = colon < 0 ? "127.0.0.1" : text.substring(0, colon);
            return new InetSocketAddress(
                    host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host, port);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), flag + " must be HOST:PORT, got '" + text + "'");
        }
    }
}
