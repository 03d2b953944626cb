package dev.mishap.control.demo;

import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The demo's world: traffic → proxy → checkout → proxy → payment-gateway, all on free ports of the loopback. Both proxies are processes of
 * their own, started from a bootstrap file as a user would.
 */
public final class Demo implements AutoCloseable {
    /** Of which one in twenty is in a cohort of 5 %: enough to judge a success rate of 95 % within two polls. */
    private static final int REQUESTS_PER_SECOND = 300;

    private static final long TRAFFIC_SEED = 42;
    private static final int DRAIN_SECONDS = 10;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final URI paymentAdmin;
    private final URI checkoutAdmin;
    private final PaymentGateway payments;
    private final Checkout checkout;
    private final Traffic traffic;
    private final Path directory;

    /**
     * Starts everything; returns when traffic flows and all have warmed up.
     *
     * @param launcher path of the {@code mishap} command
     * @param directory for configuration and logs; made if it is not there
     */
    public Demo(DemoMode mode, String launcher, HttpClient http, Path directory)
            throws IOException, InterruptedException {
        this.directory = Files.createDirectories(directory);
        boolean started = false;
        try {
            payments = opened(new PaymentGateway(directory.resolve("payment-gateway.log")));
            int paymentPort = freePort();
            int dnsPort = mode.byName() ? freeUdpPort() : 0;
            String paymentConfig = config("payment-gateway", paymentPort, payments.port(), directory);
            if (mode.byName()) {
                int resolver = opened(new NameServer()).port();
                paymentConfig =
                        paymentConfig.replace("  listeners:\n", "  listeners:\n" + dns(dnsPort, resolver, directory));
            }
            ChildProxy paymentProxy = opened(new ChildProxy(launcher, "payment-gateway", paymentConfig, directory));
            checkout = opened(new Checkout(
                    mode,
                    URI.create("http://127.0.0.1:" + paymentPort + "/payments"),
                    dnsPort,
                    http,
                    directory.resolve("checkout.log")));
            int checkoutPort = freePort();
            ChildProxy checkoutProxy = opened(new ChildProxy(
                    launcher, "checkout", config("checkout", checkoutPort, checkout.port(), directory), directory));
            paymentAdmin = paymentProxy.awaitReady(http);
            checkoutAdmin = checkoutProxy.awaitReady(http);
            traffic = opened(new Traffic(
                    http,
                    URI.create("http://127.0.0.1:" + checkoutPort + "/checkout"),
                    REQUESTS_PER_SECOND,
                    TRAFFIC_SEED));
            traffic.start();
            traffic.awaitWarm();
            started = true;
        } finally {
            if (!started) {
                close();
            }
        }
    }

    /** As {@code --target} would give it. */
    public Map<String, List<URI>> targets() {
        return Map.of("payment-gateway", List.of(paymentAdmin));
    }

    /** As {@code --observe} would give it. */
    public Map<String, List<URI>> observed() {
        return Map.of("checkout", List.of(checkoutAdmin));
    }

    /** What was started, in one line each. */
    public List<String> description() {
        return List.of(
                "traffic: " + REQUESTS_PER_SECOND + " checkouts a second, each with a trace of its own",
                "checkout, behind a mishap proxy (admin " + checkoutAdmin + ") that observes it",
                "payment-gateway, behind a mishap proxy (admin " + paymentAdmin
                        + ") that faults it; checkout calls it through that",
                "their configuration and logs: " + directory);
    }

    /** Stops the traffic, lets the queue drain and returns what the services counted themselves. */
    public List<String> finish() {
        traffic.close();
        CountDownLatch never = new CountDownLatch(1);
        try {
            for (int i = 0; i < DRAIN_SECONDS * 10 && checkout.unsettled() > 0; i++) {
                if (never.await(100, TimeUnit.MILLISECONDS)) {
                    break;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return List.of(
                traffic.account(), checkout.account(), "payment-gateway counted " + payments.received() + " requests");
    }

    @Override
    public void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                // The rest must be closed all the same; what is left ends with this process.
            }
        }
    }

    private <T extends AutoCloseable> T opened(T part) {
        parts.push(part);
        return part;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static int freeUdpPort() throws IOException {
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** The listener by which checkout finds the payment gateway. */
    private static String dns(int port, int resolver, Path directory) {
        return """
                    - name: dns
                      address:
                        socket_address: { protocol: UDP, address: 127.0.0.1, port_value: %d }
                      listener_filters:
                        - name: mishap.filters.udp.dns_proxy
                          typed_config:
                            "@type": type.googleapis.com/mishap.filters.udp.dns.v1.DnsProxy
                            stat_prefix: dns
                            upstreams: [{ socket_address: { address: 127.0.0.1, port_value: %d } }]
                            access_log:
                              - name: envoy.access_loggers.file
                                typed_config:
                                  "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
                                  path: %s
                                  log_format:
                                    text_format_source:
                                      inline_string: "%%START_TIME%% %%QUERY_NAME%% %%RESPONSE_CODE%% %%RESPONSE_FLAGS%% %%DURATION%% experiment=%%DYNAMIC_METADATA(mishap:experiment)%%\\n"
                """.formatted(port, resolver, directory.resolve("dns-access.log"));
    }

    private static String config(String service, int port, int upstreamPort, Path directory) throws IOException {
        try (InputStream in = Demo.class.getResourceAsStream("proxy.yaml")) {
            if (in == null) {
                throw new IllegalStateException("proxy.yaml is missing from the program");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("${service}", service)
                    .replace("${port}", Integer.toString(port))
                    .replace(
                            "${log}", directory.resolve(service + "-access.log").toString())
                    .replace("${upstream}", Integer.toString(upstreamPort));
        }
    }
}
