package dev.mishap.benchmarks.store;

import dev.mishap.control.rules.Caller;
import dev.mishap.control.rules.Precondition;
import dev.mishap.control.rules.RuleDocument;
import dev.mishap.control.rules.RuleRegistry;
import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.etcd.EtcdOptions;
import dev.mishap.control.store.etcd.EtcdStore;
import dev.mishap.control.store.local.LogStore;
import dev.mishap.rules.text.RuleLine;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Acknowledged, durable writes a second, with a number of writes under way at any time: the log store and a real etcd on the same disk,
 * one after the other in each round; single puts of 256 bytes, and rules by the registry (each with its audit record, and checked against
 * the rule that is there). Beside them what the disk does: syncs of 4 KiB, one after the other.
 *
 * <p>Run: {@code benchmarks/store [DIRECTORY]}; etcd must be on the path, else its columns are missing.
 */
public final class StoreBenchmark {
    private static final long SECONDS = 3;
    private static final int ROUNDS = 3;
    private static final int KEYS = 2_000;
    private static final int[] UNDER_WAY = {1, 16, 64, 256};
    private static final PrintStream OUT = System.out;

    private StoreBenchmark() {}

    public static void main(String[] args) throws Exception {
        Path directory = Files.createTempDirectory(Path.of(args.length > 0 ? args[0] : "/tmp"), "store-benchmark");
        OUT.printf("syncs of 4 KiB a second: %d%n", syncs(directory));
        Process etcd = etcd(directory);
        try (Store log = LogStore.open(directory.resolve("log"));
                Store remote = etcd == null ? null : new EtcdStore(EtcdOptions.of("http://127.0.0.1:23790"))) {
            for (int round = 1; round <= ROUNDS; round++) {
                OUT.printf("round %d: writes a second, p50 and p99 of one in ms%n", round);
                for (int underWay : UNDER_WAY) {
                    report("put, log", underWay, puts(log));
                    if (remote != null) {
                        report("put, etcd", underWay, puts(remote));
                    }
                }
                for (int underWay : UNDER_WAY) {
                    rules("rule, log", underWay, log);
                    if (remote != null) {
                        rules("rule, etcd", underWay, remote);
                    }
                }
            }
        } finally {
            if (etcd != null) {
                etcd.destroyForcibly().waitFor();
            }
        }
    }

    private static @Nullable Process etcd(Path directory) {
        try {
            return new ProcessBuilder(List.of(
                            "etcd",
                            "--data-dir",
                            directory.resolve("etcd").toString(),
                            "--listen-client-urls",
                            "http://127.0.0.1:23790",
                            "--advertise-client-urls",
                            "http://127.0.0.1:23790",
                            "--listen-peer-urls",
                            "http://127.0.0.1:23800",
                            "--initial-advertise-peer-urls",
                            "http://127.0.0.1:23800",
                            "--initial-cluster",
                            "default=http://127.0.0.1:23800"))
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("etcd.out").toFile())
                    .start();
        } catch (IOException e) {
            OUT.println("no etcd: " + e.getMessage());
            return null;
        }
    }

    private static long syncs(Path directory) throws IOException {
        try (FileChannel file =
                FileChannel.open(directory.resolve("syncs"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.allocate(16 << 20), 0);
            file.force(true);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
            long count = 0;
            while (System.nanoTime() < end) {
                file.write(ByteBuffer.allocate(4096), count * 4096 % (16 << 20));
                file.force(false);
                count++;
            }
            return count / 2;
        }
    }

    private static IntFunction<CompletionStage<?>> puts(Store store) {
        Bytes value = Bytes.of(new byte[256]);
        return i -> store.commit(Transaction.put("bench/" + i % KEYS, value));
    }

    private static void rules(String name, int underWay, Store store) throws InterruptedException {
        Caller caller = Caller.of("benchmark", "127.0.0.1");
        try (RuleRegistry registry =
                StoreException.await(RuleRegistry.open(store, Clock.systemUTC(), "benchmark"), 60_000)) {
            RuleDocument[] documents = new RuleDocument[2 * KEYS];
            for (int i = 0; i < documents.length; i++) {
                documents[i] = RuleDocument.of(RuleLine.parse(
                        "abort " + (i < KEYS ? 503 : 500) + " 5% when path ^= /pay and header x-user = u" + i % KEYS
                                + " for 1h",
                        "rule-" + i % KEYS));
            }
            report(name, underWay, i -> registry.replace(documents[i % documents.length], Precondition.NONE, caller));
        }
        // Not measured, and not to grow: what the writes have left for the audit log.
        for (boolean more = true; more; ) {
            var page = StoreException.await(store.list("audit/", null, 100, 0), 60_000);
            Transaction.Builder builder = Transaction.builder();
            page.entries().forEach(e -> builder.delete(e.key()));
            StoreException.await(store.commit(builder.build()), 60_000);
            more = page.more();
        }
    }

    private static void report(String name, int underWay, IntFunction<CompletionStage<?>> write)
            throws InterruptedException {
        run(underWay, TimeUnit.SECONDS.toNanos(1), write, new long[1 << 20]);
        long[] nanos = new long[1 << 20];
        long start = System.nanoTime();
        int count = run(underWay, TimeUnit.SECONDS.toNanos(SECONDS), write, nanos);
        double seconds = (System.nanoTime() - start) / 1e9;
        long[] sorted = Arrays.copyOf(nanos, Math.min(count, nanos.length));
        Arrays.sort(sorted);
        OUT.println(String.format(
                Locale.ROOT,
                "%-12s %5d under way %8.0f/s  %7.2f %7.2f",
                name,
                underWay,
                count / seconds,
                sorted[sorted.length / 2] / 1e6,
                sorted[(int) (sorted.length * 0.99)] / 1e6));
    }

    private static int run(int underWay, long length, IntFunction<CompletionStage<?>> write, long[] nanos)
            throws InterruptedException {
        Semaphore room = new Semaphore(underWay);
        AtomicInteger done = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        long end = System.nanoTime() + length;
        for (int i = 0; System.nanoTime() < end; i++) {
            room.acquire();
            long sent = System.nanoTime();
            write.apply(i).whenComplete((result, failure) -> {
                if (failure == null) {
                    int n = done.getAndIncrement();
                    if (n < nanos.length) {
                        nanos[n] = System.nanoTime() - sent;
                    }
                } else if (failed.getAndIncrement() == 0) {
                    OUT.println("fails: " + failure);
                }
                room.release();
            });
        }
        room.acquire(underWay);
        return done.get();
    }
}
