package dev.mishap.benchmarks.api;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.etcd.EtcdOptions;
import dev.mishap.control.store.etcd.EtcdStore;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Acknowledged, durable writes a second through {@code mishap serve}: {@code PUT} of a rule over HTTP/1.1, on a number of connections, each
 * with one request under way; the server is a process of its own with a directory for its store. In turns with it a real etcd on the same
 * disk, with as many puts of as many bytes under way on one connection of gRPC.
 *
 * <p>Run: {@code benchmarks/api [DIRECTORY]}; etcd must be on the path, else its column is missing.
 */
public final class ApiWritesBenchmark {
    private static final int SECONDS = 5;
    private static final int ROUNDS = 3;
    private static final int KEYS = 2_000;
    private static final int[] CONNECTIONS = {1, 16, 64};
    private static final PrintStream OUT = System.out;

    private ApiWritesBenchmark() {}

    public static void main(String[] args) throws Exception {
        Path directory = Files.createTempDirectory(Path.of(args.length > 0 ? args[0] : "/tmp"), "api-benchmark");
        int api = freePort();
        int client = freePort();
        Process serve = serve(directory, api);
        Process etcd = etcd(directory, client);
        try (Store remote = etcd == null ? null : new EtcdStore(EtcdOptions.of("http://127.0.0.1:" + client))) {
            OUT.println("warming up");
            for (int i = 0; i < 2; i++) {
                run(64, () -> new Rules(api));
            }
            for (int round = 1; round <= ROUNDS; round++) {
                OUT.printf("round %d: writes a second, p50 and p99 of one in ms%n", round);
                for (int connections : CONNECTIONS) {
                    report("PUT rule, mishap", connections, () -> new Rules(api));
                    if (remote != null) {
                        report("put, etcd", connections, () -> new Puts(remote));
                    }
                }
            }
        } finally {
            serve.destroy();
            serve.waitFor();
            if (etcd != null) {
                etcd.destroyForcibly().waitFor();
            }
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static Process serve(Path directory, int port) throws IOException, InterruptedException {
        Path log = directory.resolve("serve.log");
        Process process = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElse("java"),
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.mishap.control.cli.Mishap",
                        "serve",
                        "--data-dir",
                        directory.resolve("store").toString(),
                        "--listen-api",
                        "127.0.0.1:" + port,
                        "--listen-xds",
                        "127.0.0.1:" + freePort(),
                        "--rate-limit",
                        "100000000")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        while (!Files.readString(log).contains("ready:")) {
            if (!process.isAlive()) {
                throw new IOException("serve ended: " + Files.readString(log));
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        return process;
    }

    private static @Nullable Process etcd(Path directory, int client) throws IOException {
        int peer = freePort();
        try {
            return new ProcessBuilder(
                            "etcd",
                            "--data-dir",
                            directory.resolve("etcd").toString(),
                            "--listen-client-urls",
                            "http://127.0.0.1:" + client,
                            "--advertise-client-urls",
                            "http://127.0.0.1:" + client,
                            "--listen-peer-urls",
                            "http://127.0.0.1:" + peer,
                            "--initial-advertise-peer-urls",
                            "http://127.0.0.1:" + peer,
                            "--initial-cluster",
                            "default=http://127.0.0.1:" + peer)
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("etcd.out").toFile())
                    .start();
        } catch (IOException e) {
            OUT.println("no etcd: " + e.getMessage());
            return null;
        }
    }

    private static String rule(int i) {
        return "{\"apiVersion\":\"mishap.dev/v1\",\"kind\":\"FaultRule\",\"metadata\":{\"name\":\"rule-" + i % KEYS
                + "\"},\"spec\":{\"scope\":{\"path\":{\"prefix\":\"/pay\"},\"headers\":[{\"name\":\"x-user\",\"exact\":\"u"
                + i + "\"}]},\"percentage\":5,\"fault\":{\"abort\":{\"httpStatus\":503}},\"ttl\":\"1h\"}}";
    }

    /** One who writes, one write after the other. */
    private interface Writer extends AutoCloseable {
        void write(int i) throws Exception;

        @Override
        void close() throws IOException;
    }

    private interface Writers {
        Writer make() throws IOException;
    }

    /** Over HTTP, on a connection of its own. */
    private static final class Rules implements Writer {
        private final Socket socket = new Socket();
        private final InputStream in;
        private final OutputStream out;
        private final byte[] body = new byte[64 << 10];

        private Rules(int port) throws IOException {
            socket.connect(new InetSocketAddress("127.0.0.1", port));
            socket.setTcpNoDelay(true);
            in = new BufferedInputStream(socket.getInputStream(), 16 << 10);
            out = socket.getOutputStream();
        }

        @Override
        public void write(int i) throws IOException {
            String rule = rule(i);
            out.write(("PUT /api/v1/namespaces/default/rules/rule-" + i % KEYS
                            + " HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: "
                            + rule.length() + "\r\n\r\n" + rule)
                    .getBytes(StandardCharsets.US_ASCII));
            String status = line();
            int length = 0;
            for (String header = line(); !header.isEmpty(); header = line()) {
                if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                    length = Integer.parseInt(header.substring(15).strip());
                }
            }
            if (in.readNBytes(body, 0, length) != length || !status.startsWith("HTTP/1.1 20")) {
                throw new IOException(status + ": " + new String(body, 0, length, StandardCharsets.UTF_8));
            }
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder(64);
            for (int c = in.read(); c != '\n'; c = in.read()) {
                if (c < 0) {
                    throw new IOException("the server closed the connection");
                }
                if (c != '\r') {
                    line.append((char) c);
                }
            }
            return line.toString();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private record Puts(Store store) implements Writer {
        @Override
        public void write(int i) throws ExecutionException, InterruptedException {
            store.commit(Transaction.put("bench/" + i % KEYS, Bytes.utf8(rule(i))))
                    .toCompletableFuture()
                    .get();
        }

        @Override
        public void close() {}
    }

    private record Result(double perSecond, long[] sortedNanos) {}

    private static void report(String name, int connections, Writers writers) throws Exception {
        Result result = run(connections, writers);
        long[] nanos = result.sortedNanos();
        OUT.println(String.format(
                Locale.ROOT,
                "%-18s %3d connections %7.0f/s  %7.2f %7.2f",
                name,
                connections,
                result.perSecond(),
                nanos[nanos.length / 2] / 1e6,
                nanos[(int) (nanos.length * 0.99)] / 1e6));
    }

    private static Result run(int connections, Writers writers) throws Exception {
        AtomicInteger next = new AtomicInteger();
        AtomicLong failures = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        List<long[]> times = new ArrayList<>();
        long start = System.nanoTime();
        long end = start + TimeUnit.SECONDS.toNanos(SECONDS);
        for (int c = 0; c < connections; c++) {
            Writer writer = writers.make();
            Thread thread = new Thread(() -> {
                long[] nanos = new long[1 << 16];
                int count = 0;
                try (writer) {
                    while (System.nanoTime() < end && count < nanos.length) {
                        long sent = System.nanoTime();
                        writer.write(next.getAndIncrement());
                        nanos[count++] = System.nanoTime() - sent;
                    }
                } catch (Exception e) {
                    if (failures.getAndIncrement() == 0) {
                        OUT.println("fails: " + e);
                    }
                }
                synchronized (times) {
                    times.add(Arrays.copyOf(nanos, count));
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        long[] all = times.stream().flatMapToLong(Arrays::stream).sorted().toArray();
        if (all.length == 0) {
            throw new IOException("nothing was written");
        }
        return new Result(all.length / seconds, all);
    }
}
