package dev.mishap.benchmarks.fleet;

import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Starts a server in a process of its own and connects a fleet to it, then changes one rule and tells how long it took until the last
 * proxy had taken it, and what the server needed for that.
 *
 * <p>{@code java -cp … dev.mishap.benchmarks.fleet.FleetBenchmark [STREAMS]}, 10,000 by default; wants two file descriptors a stream.
 */
public final class FleetBenchmark {
    /** The launcher's for {@code mishap serve}. */
    private static final List<String> SERVER_FLAGS = serverFlags();

    private FleetBenchmark() {}

    private static List<String> serverFlags() {
        List<String> flags = new ArrayList<>(List.of(
                "-XX:+UseSerialGC",
                "-Xms16m",
                "-Xmx1g",
                "-XX:MinHeapFreeRatio=20",
                "-XX:MaxHeapFreeRatio=40",
                "-Xss512k",
                "-XX:TrimNativeHeapInterval=2000",
                "-Dio.grpc.netty.shaded.io.netty.allocator.type=unpooled"));
        if (Runtime.version().feature() >= 24) {
            flags.add("--sun-misc-unsafe-memory-access=allow");
            flags.add("-Dio.grpc.netty.shaded.io.netty.noUnsafe=false");
        }
        return List.copyOf(flags);
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        int streams = args.length > 0 ? Integer.parseInt(args[0]) : 10_000;
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + "/bin/java");
        String flags = System.getProperty("server.flags");
        command.addAll(flags == null ? SERVER_FLAGS : List.of(flags.split(" ")));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), FleetServer.class.getName()));
        Process server = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader in = server.inputReader(StandardCharsets.UTF_8);
                PrintWriter out = new PrintWriter(server.outputWriter(StandardCharsets.UTF_8), true)) {
            int port = Integer.parseInt(in.readLine().split(" ")[1]);
            run(streams, port, in, out);
        } finally {
            server.destroy();
        }
    }

    private static void run(int streams, int port, BufferedReader in, PrintWriter out)
            throws IOException, InterruptedException {
        long[] before = memory(in, out);
        print(String.format(
                "idle: heap %d MB, direct %d MB, resident %d MB", before[1] >> 10, before[2] >> 10, before[3] >> 10));
        CountDownLatch configured = new CountDownLatch(streams);
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        List<SimulatedProxy> proxies = new ArrayList<>(streams);
        long start = System.nanoTime();
        for (int i = 0; i < streams; i++) {
            proxies.add(new SimulatedProxy(port, i, loops, configured));
        }
        if (!configured.await(5, TimeUnit.MINUTES)) {
            throw new IllegalStateException(configured.getCount() + " proxies have no configuration");
        }
        print(String.format("%d streams configured in %.1f s", streams, (System.nanoTime() - start) / 1e9));
        ask(in, out, "steady 5");
        long[] after = memory(in, out);
        print(String.format(
                "with %d streams: heap %d MB, direct %d MB, resident %d MB; a stream: heap and direct %.1f KiB, resident %.1f KiB",
                after[0],
                after[1] >> 10,
                after[2] >> 10,
                after[3] >> 10,
                (double) (after[1] + after[2] - before[1] - before[2]) / streams,
                (double) (after[3] - before[3]) / streams));
        for (int round = 0; round < 6; round++) {
            ask(in, out, "push all " + streams);
        }
        for (int round = 0; round < 3; round++) {
            ask(in, out, "push group " + streams / 100);
        }
        long[] last = memory(in, out);
        print(String.format("after the pushes: heap %d MB, resident %d MB", last[1] >> 10, last[3] >> 10));
        proxies.forEach(SimulatedProxy::close);
        loops.shutdownGracefully();
    }

    private static long[] memory(BufferedReader in, PrintWriter out) throws IOException {
        out.println("memory");
        String[] words = in.readLine().split(" ");
        long[] values = new long[words.length - 1];
        for (int i = 1; i < words.length; i++) {
            values[i - 1] = Long.parseLong(words[i]);
        }
        return values;
    }

    private static void ask(BufferedReader in, PrintWriter out, String command) throws IOException {
        out.println(command);
        print(in.readLine());
    }

    @SuppressWarnings("SystemOut")
    private static void print(String line) {
        System.out.println(line);
    }
}
