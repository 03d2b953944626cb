package dev.mishap.control.runs;

import dev.mishap.control.audit.AuditLog;
import dev.mishap.control.audit.AuditRecord;
import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The runs in a store, which every replica sees. A report stands beside its record, so that a listing does not read it. The newest
 * {@value #KEPT} runs are kept; those that are not over stay.
 */
public final class RunRecords {
    public static final int KEPT = 1000;

    private static final Logger LOG = LoggerFactory.getLogger("mishap.runs");
    private static final String RUNS = "runs/record/";
    private static final String REPORTS = "runs/report/";

    private final Store store;
    private final InstantSource clock;

    public RunRecords(Store store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
    }

    /** A record as it stands in the store. */
    public record Known(RunRecord record, long revision) {}

    /** A part of a listing, in the order of namespace and name. @param next goes on with it; null = this is the end */
    public record Listing(List<RunRecord> runs, @Nullable String next) {}

    /** Empty = there is none. */
    public CompletionStage<List<Known>> find(String namespace, String name) {
        String key = namespace + '/' + name;
        return store.get(RUNS + key)
                .thenApply(entry -> entry.map(e -> List.of(new Known(RunRecord.read(key, e.value()), e.modRevision())))
                        .orElse(List.of()));
    }

    /** The report in JSON; empty = there is none. */
    public CompletionStage<String> report(String namespace, String name) {
        return store.get(REPORTS + namespace + '/' + name)
                .thenApply(entry -> entry.map(e -> e.value().utf8()).orElse(""));
    }

    /** @param namespace null = of all @param after {@link Listing#next} of the part before; null = from the start */
    public CompletionStage<Listing> list(@Nullable String namespace, @Nullable String after, int limit) {
        String prefix = RUNS + (namespace == null ? "" : namespace + '/');
        return store.list(prefix, after == null ? null : RUNS + after, limit, 0).thenApply(page -> {
            List<RunRecord> runs = new ArrayList<>();
            page.entries().forEach(entry -> read(entry, runs));
            List<Entry> entries = page.entries();
            return new Listing(
                    runs, page.more() ? entries.get(entries.size() - 1).key().substring(RUNS.length()) : null);
        });
    }

    private static void read(Entry entry, List<RunRecord> into) {
        try {
            into.add(RunRecord.read(entry.key().substring(RUNS.length()), entry.value()));
        } catch (RuntimeException e) {
            LOG.warn("the run {} cannot be read: {}", entry.key(), e.getMessage());
        }
    }

    /**
     * Writes a record; its begin and its end are in the audit log, in the same transaction.
     *
     * @param before the revision that it must have; 0 = there must be none
     * @param report null = it stays as it is
     * @return may fail with {@link StoreException.Conflict}
     */
    public CompletionStage<Long> put(RunRecord record, long before, @Nullable String report) {
        String key = RUNS + record.key();
        Transaction.Builder builder =
                Transaction.builder().ifModRevision(key, before).put(key, record.bytes());
        if (report != null) {
            builder.put(REPORTS + record.key(), Bytes.utf8(report));
        }
        boolean over = record.phase() == RunRecord.Phase.DONE;
        RunRecord.Verdict verdict = record.verdict();
        if (before == 0 || over) {
            AuditLog.addTo(
                    builder,
                    audit(
                            record.by(),
                            record.from(),
                            over ? "experiment.end" : "experiment.begin",
                            record,
                            verdict == null ? null : verdict.reason() + ": " + verdict.explanation()));
        }
        return store.commit(builder.build())
                .thenCompose(revision -> before == 0
                        ? prune().exceptionally(this::notPruned).thenApply(pruned -> revision)
                        : CompletableFuture.completedStage(revision));
    }

    private AuditRecord audit(String who, String from, String action, RunRecord record, @Nullable String note) {
        return new AuditRecord(
                clock.instant(),
                who,
                from,
                action,
                record.key(),
                null,
                Map.of(
                        "experimentId", record.experiment().id(),
                        "experiment", record.experiment().name()),
                note);
    }

    /** Deletes a record and its report. */
    public CompletionStage<Long> delete(RunRecord record, String who, String from) {
        return store.commit(AuditLog.addTo(
                        Transaction.builder().delete(RUNS + record.key()).delete(REPORTS + record.key()),
                        audit(who, from, "experiment.delete", record, null))
                .build());
    }

    /** The run is in the store all the same, and the next one prunes again. */
    private long notPruned(Throwable failure) {
        LOG.warn("old runs are not deleted: {}", StoreException.unwrap(failure).getMessage());
        return 0;
    }

    private CompletionStage<Long> prune() {
        return list(null, null, Store.MAX_PAGE).thenCompose(all -> {
            if (all.next() == null && all.runs().size() <= KEPT - 1) {
                return CompletableFuture.completedStage(0L);
            }
            Instant now = clock.instant();
            return all.runs().stream()
                    .filter(run -> run.ended() != null || run.lost(now))
                    .min(Comparator.comparing(RunRecord::started))
                    .map(oldest -> store.commit(Transaction.builder()
                            .delete(RUNS + oldest.key())
                            .delete(REPORTS + oldest.key())
                            .build()))
                    .orElse(CompletableFuture.completedStage(0L));
        });
    }
}
