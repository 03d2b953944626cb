package dev.mishap.benchmarks.fleet;

import com.google.protobuf.Any;
import com.google.protobuf.UInt32Value;
import dev.mishap.control.xds.ConnectedStream;
import dev.mishap.control.xds.Fleet;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.ResourceLayer;
import dev.mishap.control.xds.ResourceView;
import dev.mishap.control.xds.TypeStatus;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.control.xds.ViewUpdate;
import dev.mishap.control.xds.XdsServer;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The server's process. Commands come by standard input, answers go by standard output. */
final class FleetServer {
    static final int CLUSTERS = 20;
    static final String FAULT = "shop.fault";
    static final String GROUP_FAULT = "group.fault";

    private final ResourceLayer base = ResourceLayer.named("base");
    private final ResourceLayer group = ResourceLayer.named("group");
    private final XdsServer server;
    private final ConcurrentHashMap<Long, Long> answered = new ConcurrentHashMap<>();
    private volatile String type = "";
    private volatile CountDownLatch waiting = new CountDownLatch(0);
    private int pushes;

    private FleetServer() {
        ResourceView all = ResourceView.of(base);
        ResourceView some = ResourceView.of(base, group);
        server = XdsServer.builder((node, peer) -> node.id().endsWith("77") ? some : all)
                .start();
        server.fleet().addListener(new Fleet.Listener() {
            @Override
            public void changed(ConnectedStream stream, TypeStatus status) {
                if (status.state() == TypeStatus.State.ACKED
                        && status.typeUrl().equals(type)
                        && answered.putIfAbsent(stream.id(), System.nanoTime()) == null) {
                    waiting.countDown();
                }
            }
        });
        configuration();
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        FleetServer server = new FleetServer();
        say("port " + server.server.port());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            server.command(line.split(" "));
        }
        server.server.close();
    }

    private void command(String[] words) throws IOException, InterruptedException {
        switch (words[0]) {
            case "memory" -> memory();
            case "push" -> push(words[1].equals("all") ? base : group, Integer.parseInt(words[2]));
            case "steady" -> steady(Integer.parseInt(words[1]));
            default -> say("unknown " + words[0]);
        }
    }

    private void push(ResourceLayer layer, int streams) throws InterruptedException {
        answered.clear();
        type = TypeUrls.EXTENSION_CONFIG;
        waiting = new CountDownLatch(streams);
        long cpu = cpu();
        long start = System.nanoTime();
        layer.update(new ViewUpdate().put(fault(layer == base ? FAULT : GROUP_FAULT, ++pushes)));
        long returned = System.nanoTime();
        boolean all = waiting.await(60, TimeUnit.SECONDS);
        long used = cpu() - cpu;
        long[] times =
                answered.values().stream().mapToLong(t -> t - start).sorted().toArray();
        if (!all || times.length == 0) {
            say("only " + times.length + " of " + streams);
            return;
        }
        say(String.format(
                "push to %d: update %.1f ms, ack p50 %.0f ms, p99 %.0f ms, last %.0f ms, CPU of the server %.0f ms",
                streams,
                (returned - start) / 1e6,
                times[times.length / 2] / 1e6,
                times[(int) (times.length * 0.99)] / 1e6,
                times[times.length - 1] / 1e6,
                used / 1e6));
    }

    /** CPU of a server that has nothing to do. */
    private void steady(int seconds) throws InterruptedException {
        long cpu = cpu();
        new CountDownLatch(1).await(seconds, TimeUnit.SECONDS);
        say(String.format("idle for %d s: %.1f ms of CPU a second", seconds, (cpu() - cpu) / 1e6 / seconds));
    }

    private void memory() throws IOException {
        System.gc();
        System.gc();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        long direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
        long rss = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(l -> l.startsWith("VmRSS"))
                .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")))
                .findFirst()
                .orElse(0);
        say("memory " + server.fleet().size() + " " + heap / 1024 + " " + direct / 1024 + " " + rss);
    }

    private static long cpu() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    @SuppressWarnings("SystemOut")
    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private void configuration() {
        ViewUpdate update = new ViewUpdate();
        VirtualHost.Builder host = VirtualHost.newBuilder().setName("all").addDomains("*");
        for (int i = 0; i < CLUSTERS; i++) {
            String name = "service-" + i;
            update.put(Resource.of(Cluster.newBuilder()
                    .setName(name)
                    .setType(Cluster.DiscoveryType.EDS)
                    .build()));
            LocalityLbEndpoints.Builder locality = LocalityLbEndpoints.newBuilder();
            for (int e = 0; e < 10; e++) {
                locality.addLbEndpoints(LbEndpoint.newBuilder()
                        .setEndpoint(Endpoint.newBuilder()
                                .setAddress(Address.newBuilder()
                                        .setSocketAddress(SocketAddress.newBuilder()
                                                .setAddress("10.0." + i + "." + e)
                                                .setPortValue(8080)))));
            }
            update.put(Resource.of(ClusterLoadAssignment.newBuilder()
                    .setClusterName(name)
                    .addEndpoints(locality)
                    .build()));
            host.addRoutes(Route.newBuilder()
                    .setMatch(RouteMatch.newBuilder().setPrefix("/" + name))
                    .setRoute(RouteAction.newBuilder().setCluster(name)));
        }
        update.put(Resource.of(RouteConfiguration.newBuilder()
                .setName("routes")
                .addVirtualHosts(host)
                .build()));
        update.put(Resource.of(Listener.newBuilder().setName("outbound").build()));
        update.put(fault(FAULT, 0));
        base.update(update);
        group.update(new ViewUpdate().put(fault(GROUP_FAULT, 0)));
    }

    private static Resource fault(String name, int active) {
        return Resource.of(TypedExtensionConfig.newBuilder()
                .setName(name)
                .setTypedConfig(Any.pack(HTTPFault.newBuilder()
                        .setMaxActiveFaults(UInt32Value.of(active + 1))
                        .build()))
                .build());
    }

    static String[] names() {
        String[] names = new String[CLUSTERS];
        Arrays.setAll(names, i -> "service-" + i);
        return names;
    }
}
