package dev.mishap.proxy.cli;

import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * What {@code mishap archive} runs so that the JVM learns which classes a proxy needs (a CDS archive on JDK 17, an AOT cache on 25):
 * {@code mishap proxy} itself with a fault filter, an access log, an admin server and upstreams of HTTP/1.1, HTTP/2, TLS and TCP, some
 * requests through it, and an orderly end. All of it is on loopback, on ports that the system chooses.
 *
 * <p>The argument is {@code plain} (HTTP and TCP) or {@code full} (TLS upstream and a management server besides).
 */
public final class TrainingRun {
    private static final int REQUESTS = 2000;
    private static final long START_SECONDS = 60;

    /** Requests of the kinds of which it is the classes that count: how often they are used is not to steer the JIT. */
    private static final int FEW = 20;

    /** The listeners of the upstream in their order, as the configuration of the proxy names their ports. */
    private static final String[] UPSTREAMS = {"HTTP1", "HTTP2", "TLS"};

    private TrainingRun() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("mishap-training");
        Path config = directory.resolve("proxy.yaml");
        Path adminAddress = directory.resolve("admin");
        try {
            boolean full = arguments.length > 0 && arguments[0].equals("full");
            Server upstream = start(text("training-upstream", full));
            String text = text("training-proxy", full);
            for (int i = 0; i < upstream.listeners().size(); i++) {
                text = text.replace(
                        UPSTREAMS[i] + "_PORT",
                        String.valueOf(upstream.listeners().get(i).port()));
            }
            Files.writeString(config, text);
            AtomicInteger code = new AtomicInteger(-1);
            Thread proxy = new Thread(
                    () -> code.set(new ProxyMain(System.out, System.err)
                            .run(
                                    "-c",
                                    config.toString(),
                                    "--concurrency",
                                    "1",
                                    "--admin-address-path",
                                    adminAddress.toString())),
                    "proxy");
            proxy.start();
            int admin = port(await(adminAddress, proxy));
            String[] listeners = listeners(admin);
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port(listeners[0]))) {
                for (int i = 0; i < REQUESTS; i++) {
                    ask(client, "GET", i % 50 == 0 ? "/fault" : "/");
                }
                for (int i = 0; i < FEW; i++) {
                    expectOk(client, "/http2");
                    if (full) {
                        expectOk(client, "/tls");
                    }
                }
            }
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port(listeners[1]))) {
                expectOk(client, "/");
            }
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), admin)) {
                ask(client, "POST", "/quitquitquit");
            }
            proxy.join();
            upstream.shutdown();
            upstream.awaitEnd();
            upstream.close();
            if (code.get() != 0) {
                throw new IOException("the proxy ended with " + code.get());
            }
        } finally {
            Files.deleteIfExists(config);
            Files.deleteIfExists(adminAddress);
            Files.delete(directory);
        }
    }

    private static Server start(String yaml) {
        Options options = Options.of(yaml, 1, "off");
        Server server = new Server(options, BootstrapLoader.load(options));
        server.start();
        return server;
    }

    private static String await(Path file, Thread proxy) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (System.nanoTime() - end < 0 && proxy.isAlive()) {
            String text = Files.exists(file) ? Files.readString(file).trim() : "";
            if (!text.isEmpty()) {
                return text;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        throw new IOException("the proxy did not start");
    }

    /** The addresses of the proxy's listeners, which are bound after the admin server is. */
    private static String[] listeners(int admin) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (System.nanoTime() - end < 0) {
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), admin)) {
                if (ask(client, "GET", "/server_info").contains("\"LIVE\"")) {
                    return ask(client, "GET", "/listeners").trim().split("\n");
                }
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        throw new IOException("the proxy did not start");
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    private static void expectOk(Socket client, String path) throws IOException {
        String answer = ask(client, "GET", path);
        if (!answer.equals("ok")) {
            throw new IOException(path + " was answered with " + answer);
        }
    }

    private static String ask(Socket client, String method, String path) throws IOException {
        client.getOutputStream()
                .write((method + " " + path
                                + " HTTP/1.1\r\nhost: localhost\r\nuser-agent: training\r\naccept: */*\r\n\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1));
        InputStream in = client.getInputStream();
        String head = head(in);
        int at = head.indexOf("content-length: ");
        if (at >= 0) {
            return body(in, Integer.parseInt(head.substring(at + 16, head.indexOf("\r\n", at))));
        }
        StringBuilder all = new StringBuilder();
        while (true) { // chunks
            String line = line(in);
            int size = Integer.parseInt(line, 16);
            all.append(body(in, size));
            line(in);
            if (size == 0) {
                return all.toString();
            }
        }
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder(512);
        String line;
        do {
            line = line(in);
            head.append(line).append("\r\n");
        } while (!line.isEmpty());
        return head.toString();
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder(80);
        int b;
        while ((b = in.read()) != '\n') {
            if (b < 0) {
                throw new IOException("the proxy closed the connection after " + line);
            }
            if (b != '\r') {
                line.append((char) b);
            }
        }
        return line.toString();
    }

    private static String body(InputStream in, int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length != length) {
            throw new IOException("a body was cut");
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static String text(String name, boolean full) throws IOException {
        return resource(name + ".yaml") + (full ? resource(name + "-full.yaml") : "");
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(TrainingRun.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
