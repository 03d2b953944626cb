package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.RateLimiter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records in the audit log whom the server has refused: who is not known, may not, or calls too often. Bounded, since those who are
 * refused must not push out what others did, or cost the store a write each: calls that are alike are one record with their number, and
 * there are {@value #BURST} records at once and then one each {@value #SECONDS} s. What waits for its turn is counted on.
 */
public final class RefusedCalls implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("mishap.audit");
    private static final int BURST = 100;
    private static final int SECONDS = 30;
    private static final int MAX_WAITING = 256;
    private static final int MAX_DETAIL = 300;
    private static final long FLUSH_MILLIS = 500;

    private record Alike(String who, String address, String operation, ProblemKind kind) {}

    private static final class Count {
        private long calls;
        private String detail = "";
    }

    private final AuditTrail audit;
    private final RateLimiter records;
    private final ScheduledThreadPoolExecutor executor;
    private final Map<Alike, Count> waiting = new LinkedHashMap<>();
    /** Calls of callers that there was no room to tell apart. */
    private long others;

    public RefusedCalls(AuditTrail audit) {
        this(audit, System::nanoTime);
    }

    RefusedCalls(AuditTrail audit, LongSupplier nanoTime) {
        this.audit = audit;
        records = new RateLimiter(1.0 / SECONDS, BURST, nanoTime);
        executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "mishap-refused");
            thread.setDaemon(true);
            return thread;
        });
        executor.scheduleWithFixedDelay(this::flush, FLUSH_MILLIS, FLUSH_MILLIS, TimeUnit.MILLISECONDS);
    }

    /**
     * Notes a call that failed, if it was refused. Never blocks.
     *
     * @param caller null = it is not known who called
     */
    void failed(@Nullable Caller caller, String address, String operation, ProblemException problem) {
        ProblemKind kind = problem.kind();
        if (kind == ProblemKind.UNAUTHENTICATED || kind == ProblemKind.FORBIDDEN || kind == ProblemKind.TOO_MANY) {
            note(caller == null ? "unknown" : caller.name(), address, operation, kind, problem.detail());
        }
    }

    /** Notes a node that was not let in. */
    public void node(String node, String address, String why) {
        note("node:" + node, address, "discovery", ProblemKind.FORBIDDEN, why);
    }

    private synchronized void note(String who, String address, String operation, ProblemKind kind, String detail) {
        Alike alike = new Alike(who.length() > 200 ? who.substring(0, 200) : who, address, operation, kind);
        Count count = waiting.get(alike);
        if (count == null) {
            if (waiting.size() >= MAX_WAITING) {
                others++;
                return;
            }
            count = new Count();
            waiting.put(alike, count);
        }
        count.calls++;
        count.detail = detail.length() > MAX_DETAIL ? detail.substring(0, MAX_DETAIL) + "…" : detail;
    }

    /** As many as the bounds let through. */
    void flush() {
        List<Map.Entry<Alike, Count>> due = new ArrayList<>();
        long unnamed;
        synchronized (this) {
            var each = waiting.entrySet().iterator();
            while (each.hasNext() && records.take("") == 0) {
                Map.Entry<Alike, Count> next = each.next();
                due.add(Map.entry(next.getKey(), next.getValue()));
                each.remove();
            }
            unnamed = due.isEmpty() ? 0 : others;
            others -= unnamed;
        }
        for (int i = 0; i < due.size(); i++) {
            Alike alike = due.get(i).getKey();
            Count count = due.get(i).getValue();
            String note = alike.kind().status() + ": " + count.detail
                    + (count.calls == 1 ? "" : " (" + count.calls + " calls)")
                    + (i == 0 && unnamed > 0 ? "; " + unnamed + " calls of others are not told one by one" : "");
            try {
                audit.record(
                        new Caller(alike.who(), alike.address(), List.of()),
                        "access.denied",
                        alike.operation(),
                        null,
                        null,
                        note);
            } catch (RuntimeException e) {
                LOG.warn(
                        "that {} was refused {} cannot be recorded: {}",
                        alike.who(),
                        alike.operation(),
                        e.getMessage());
            }
        }
    }

    /** Records what waits, within the bounds. */
    @Override
    public void close() {
        executor.shutdownNow();
        flush();
    }
}
