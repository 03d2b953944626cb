package dev.mishap.control.store.local;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Transaction;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The process that {@link StoreKilledTest} kills: 500 writes a second, and a line for each that is durable. */
final class KilledWriter {
    private static final int PER_SECOND = 500;

    private KilledWriter() {}

    public static void main(String[] args) throws Exception {
        LocalStore store = LogStore.open(Path.of(args[0]), 256 << 10);
        long first = Long.parseLong(args[1]);
        PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true);
        Semaphore open = new Semaphore(2_000);
        long start = System.nanoTime();
        for (long i = first; ; i++) {
            long due = start + (i - first) * TimeUnit.SECONDS.toNanos(1) / PER_SECOND;
            while (due - System.nanoTime() > 0) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            open.acquire();
            long n = i;
            // Values that change, keys that go: so that logs are begun anew and old generations deleted under way.
            Transaction.Builder builder = Transaction.builder().put("n/" + n, Bytes.utf8("v".repeat(300) + n));
            if (n % 3 == 2) {
                builder.delete("n/" + (n - 1));
            }
            store.commit(builder.build()).whenComplete((revision, failure) -> {
                open.release();
                if (failure == null) {
                    out.print(n + ";\n");
                } else {
                    out.print("failed " + failure + "\n");
                }
            });
        }
    }
}
