package dev.mishap.control.audit;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.Transaction;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The audit log in a store. A record is written in the transaction of the change that it tells of, so neither is without the other; it waits
 * there unchained, so that writers don't wait for each other. A moment later the one replica that has the task moves it into the
 * chain, in the order of the changes.
 *
 * <p>The newest {@value #KEPT} entries are kept; who wants more exports in time.
 *
 * <p>What is chained can't be changed, left out or inserted without {@link #verify} finding it. Somebody who can write to the store could
 * cut the newest entries off or make a new chain: against that, export the log to elsewhere from time to time.
 */
public final class AuditLog implements AutoCloseable {
    static final String NEW = "audit/new/";
    static final String LOG = "audit/log/";
    static final String HEAD = "audit/head";
    /** The newest entry of those that went since the log was full. */
    static final String START = "audit/start";
    /** How many entries are kept. */
    static final int KEPT = 50_000;

    private final Store store;
    private final AuditChainer chainer;

    /** @param holder who this replica is */
    public AuditLog(Store store, String holder) {
        this(store, holder, KEPT);
    }

    AuditLog(Store store, String holder, int kept) {
        this.store = store;
        chainer = new AuditChainer(store, holder, kept);
    }

    /** Adds the record to a transaction. One operation. */
    public static Transaction.Builder addTo(Transaction.Builder builder, AuditRecord record) {
        String time = HexFormat.of().toHexDigits(record.at().toEpochMilli());
        return builder.put(NEW + time + '-' + UUID.randomUUID(), Bytes.utf8(record.json()));
    }

    /** Writes a record of something that is no change of the store; completes when it is durable. */
    public CompletionStage<@Nullable Void> append(AuditRecord record) {
        return store.commit(addTo(Transaction.builder(), record).build()).thenApply(revision -> null);
    }

    static String key(long sequence) {
        return LOG + HexFormat.of().toHexDigits(sequence);
    }

    /** A part of the log. @param next to go on with; 0 = this is the end */
    public record Listing(List<AuditEntry> entries, long next) {
        public Listing {
            entries = List.copyOf(entries);
        }
    }

    /**
     * Entries in the order of the chain.
     *
     * @param from the first sequence; 1 = from the oldest that is kept
     * @param limit 1 to {@value Store#MAX_PAGE}
     */
    public CompletionStage<Listing> list(long from, int limit) {
        return list(store, from, limit);
    }

    private static CompletionStage<Listing> list(Store store, long from, int limit) {
        return store.list(LOG, from <= 1 ? null : key(from - 1), limit, 0).thenApply(page -> {
            List<AuditEntry> entries = new ArrayList<>();
            page.entries().forEach(e -> entries.add(AuditEntry.parse(e.value().utf8())));
            return new Listing(
                    entries, page.more() ? entries.get(entries.size() - 1).sequence() + 1 : 0);
        });
    }

    /** The newest entries, newest first. */
    public CompletionStage<List<AuditEntry>> newest(int limit) {
        return head().thenCompose(head -> list(Math.max(1, head - limit + 1), limit))
                .thenApply(listing -> {
                    List<AuditEntry> entries = new ArrayList<>(listing.entries());
                    Collections.reverse(entries);
                    return entries;
                });
    }

    /** The sequence of the newest entry; 0 = there is none. */
    public CompletionStage<Long> head() {
        return store.get(HEAD)
                .thenApply(entry -> entry.map(
                                e -> AuditChainer.Head.parse(e.value()).sequence())
                        .orElse(0L));
    }

    /** Hands all lines to a consumer, each without its line feed; completes with their number. */
    public CompletionStage<Long> export(Consumer<String> lines) {
        return walk(store, 1, 0, entry -> lines.accept(entry.line()));
    }

    private static CompletionStage<Long> walk(Store store, long from, long count, Consumer<AuditEntry> visitor) {
        return list(store, from, Store.MAX_PAGE).thenCompose(listing -> {
            listing.entries().forEach(visitor);
            long all = count + listing.entries().size();
            return listing.next() == 0
                    ? CompletableFuture.completedStage(all)
                    : walk(store, listing.next(), all, visitor);
        });
    }

    /** What is wrong with the chain, in words; empty = nothing. */
    public CompletionStage<List<String>> verify() {
        return verify(store);
    }

    /** {@link #verify()} of a store that nobody writes to. */
    public static CompletionStage<List<String>> verify(Store store) {
        // In this order: entries that come or go meanwhile are no problem.
        return store.get(START).thenCompose(start -> {
            AuditVerifier verifier = new AuditVerifier(
                    start.map(e -> AuditChainer.Head.parse(e.value())).orElse(AuditChainer.Head.EMPTY));
            return store.get(HEAD)
                    .thenCompose(head -> walk(store, 1, 0, verifier).thenApply(count -> {
                        head.ifPresent(e -> verifier.requireHead(AuditChainer.Head.parse(e.value())));
                        return verifier.problems();
                    }));
        });
    }

    /** Stops chaining here; what waits is chained by another replica, or later. */
    @Override
    public void close() {
        chainer.close();
    }

    /** Whether nothing waits to be chained. */
    CompletionStage<Boolean> settled() {
        return store.list(NEW, null, 1, 0).thenApply(page -> page.entries().isEmpty());
    }
}
