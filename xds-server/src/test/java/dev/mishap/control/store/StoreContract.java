package dev.mishap.control.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store must do; each has a class that says which it is. Prefixes are of one test only, since a store may be shared. */
public abstract class StoreContract {
    protected abstract Store store();

    /** Leases may be rounded up to whole seconds. */
    protected abstract Duration shortLease();

    protected static <T> T get(CompletionStage<T> stage) {
        return StoreException.await(stage, 20_000);
    }

    private static Bytes bytes(String text) {
        return Bytes.utf8(text);
    }

    /** Collects what a watch tells. */
    public static final class Told implements WatchListener {
        public final BlockingQueue<Object> told = new LinkedBlockingQueue<>();

        @Override
        public void onEvents(long revision, List<Event> events) {
            told.add(events);
        }

        @Override
        public void onEnd(StoreException reason) {
            told.add(reason);
        }

        @SuppressWarnings("unchecked")
        public List<Event> events() throws InterruptedException {
            return (List<Event>) next();
        }

        public Object next() throws InterruptedException {
            Object next = told.poll(20, TimeUnit.SECONDS);
            assertThat(next).as("what the watch tells").isNotNull();
            return next;
        }
    }

    @Test
    void putsGetsAndDeletes() {
        assertThat(get(store().get("a/1"))).isEmpty();
        long first = get(store().commit(Transaction.put("a/1", bytes("x"))));
        long second = get(store().commit(Transaction.put("a/1", bytes("y"))));
        assertThat(second).isGreaterThan(first);
        assertThat(get(store().get("a/1"))).contains(new Entry("a/1", bytes("y"), first, second, 2, 0));
        long third = get(store().commit(Transaction.delete("a/1")));
        assertThat(third).isGreaterThan(second);
        assertThat(get(store().get("a/1"))).isEmpty();
        assertThat(get(store().commit(Transaction.delete("a/1")))).isEqualTo(third);
        assertThat(get(store().revision())).isEqualTo(third);
    }

    @Test
    void aTransactionIsDoneAsAWholeOrNotAtAll() {
        long revision = get(store().commit(Transaction.builder()
                .ifAbsent("t/1")
                .put("t/1", bytes("1"))
                .put("t/2", bytes("2"))
                .build()));
        assertThat(get(store().get("t/2")).orElseThrow().modRevision()).isEqualTo(revision);
        assertThatThrownBy(() -> get(store().commit(Transaction.builder()
                        .ifModRevision("t/1", revision)
                        .ifAbsent("t/2")
                        .put("t/1", bytes("3"))
                        .delete("t/2")
                        .build())))
                .isInstanceOfSatisfying(StoreException.Conflict.class, e -> {
                    assertThat(e.key()).isEqualTo("t/2");
                    assertThat(e.expected()).isZero();
                    assertThat(e.found()).isEqualTo(revision);
                });
        assertThat(get(store().get("t/1")).orElseThrow().value()).isEqualTo(bytes("1"));
        long next = get(store().commit(Transaction.builder()
                .ifModRevision("t/1", revision)
                .put("t/1", bytes("3"))
                .delete("t/2")
                .build()));
        assertThat(get(store().get("t/1")).orElseThrow().modRevision()).isEqualTo(next);
        assertThat(get(store().get("t/2"))).isEmpty();
    }

    @Test
    void listsInPartsAsOfOneRevision() {
        long revision = 0;
        for (int i = 0; i < 25; i++) {
            revision = get(store().commit(Transaction.put(String.format("l/%02d", i), bytes("v" + i))));
        }
        get(store().commit(Transaction.put("l.", bytes("before"))));
        get(store().commit(Transaction.put("l0", bytes("after"))));
        Page first = get(store().list("l/", null, 10, revision));
        get(store().commit(Transaction.delete("l/12")));
        get(store().commit(Transaction.put("l/13", bytes("changed"))));
        List<Entry> all = new ArrayList<>(first.entries());
        Page page = first;
        while (page.more()) {
            page = get(store().list("l/", all.get(all.size() - 1).key(), 10, first.revision()));
            assertThat(page.revision()).isEqualTo(first.revision());
            all.addAll(page.entries());
        }
        assertThat(all).hasSize(25);
        assertThat(all.get(13).value()).isEqualTo(bytes("v13"));
        assertThat(get(store().list("l/", null, 1000, 0)).entries()).hasSize(24);
        assertThat(get(store().list("l/24", null, 1, 0)).more()).isFalse();
        assertThat(get(store().list("l/none", null, 1, 0)).entries()).isEmpty();
    }

    @Test
    void watchesWithoutGapsAndTransactionsAsAWhole() throws Exception {
        long start = get(store().commit(Transaction.put("w/1", bytes("1"))));
        long second = get(store().commit(Transaction.builder()
                .put("w/1", bytes("2"))
                .put("w/2", bytes("2"))
                .put("v/1", bytes("unwatched"))
                .build()));
        Told told = new Told();
        try (Watch watch = store().watch("w/", start, told)) {
            assertThat(watch).isNotNull();
            assertThat(told.events()).containsExactly(new Event.Put(new Entry("w/1", bytes("1"), start, start, 1, 0)));
            assertThat(told.events())
                    .containsExactlyInAnyOrder(
                            new Event.Put(new Entry("w/1", bytes("2"), start, second, 2, 0)),
                            new Event.Put(new Entry("w/2", bytes("2"), second, second, 1, 0)));
            long third = get(store().commit(Transaction.delete("w/1")));
            assertThat(told.events()).containsExactly(new Event.Delete("w/1", third));
        }
        Told fromNow = new Told();
        try (Watch watch = store().watch("w/", 0, fromNow)) {
            assertThat(watch).isNotNull();
            // A watch from now on begins when it reaches the store, which is at the latest when it told a later change.
            while (fromNow.told.isEmpty()) {
                get(store().commit(Transaction.put("w/3", bytes("3"))));
            }
            assertThat(fromNow.events().get(0).key()).isEqualTo("w/3");
        }
    }

    @Test
    void whatWasCompactedIsRefused() throws Exception {
        long first = get(store().commit(Transaction.put("c/1", bytes("1"))));
        get(store().commit(Transaction.put("c/1", bytes("2"))));
        long last = get(store().commit(Transaction.put("c/1", bytes("3"))));
        get(store().compact(last));
        assertThatThrownBy(() -> get(store().list("c/", null, 10, first))).isInstanceOf(StoreException.Compacted.class);
        assertThat(get(store().list("c/", null, 10, last)).entries()).hasSize(1);
        assertThatThrownBy(() -> get(store().compact(first))).isInstanceOf(StoreException.Compacted.class);
        Told told = new Told();
        try (Watch watch = store().watch("c/", first, told)) {
            assertThat(watch).isNotNull();
            assertThat(told.next()).isInstanceOf(StoreException.Compacted.class);
        }
        Told later = new Told();
        try (Watch watch = store().watch("c/", last + 1, later)) {
            assertThat(watch).isNotNull();
            get(store().commit(Transaction.put("c/1", bytes("4"))));
            assertThat(later.events()).hasSize(1);
        }
    }

    @Test
    void keysGoWithTheirLease() throws Exception {
        Lease lease = get(store().grant(shortLease()));
        long revision = get(store().commit(Transaction.builder()
                .put("e/1", bytes("1"), lease.id())
                .put("e/2", bytes("2"), lease.id())
                .put("e/3", bytes("3"))
                .build()));
        assertThat(get(store().get("e/1")).orElseThrow().lease()).isEqualTo(lease.id());
        assertThat(get(store().keepAlive(lease.id()))).isPositive();
        Told told = new Told();
        try (Watch watch = store().watch("e/", revision + 1, told)) {
            assertThat(watch).isNotNull();
            // Put anew without the lease, it stays.
            get(store().commit(Transaction.put("e/2", bytes("2"))));
            assertThat(told.events()).hasSize(1);
            List<Event> gone = told.events();
            assertThat(gone).extracting(Event::key).containsExactly("e/1");
            assertThat(gone.get(0)).isInstanceOf(Event.Delete.class);
        }
        assertThat(get(store().get("e/2"))).isPresent();
        assertThatThrownBy(() -> get(store().keepAlive(lease.id()))).isInstanceOf(StoreException.LeaseNotFound.class);
        assertThatThrownBy(() -> get(store().commit(Transaction.builder()
                        .put("e/4", bytes("4"), lease.id())
                        .build())))
                .isInstanceOf(StoreException.LeaseNotFound.class);
        get(store().revoke(lease.id()));
    }

    @Test
    void aRevokedLeaseTakesItsKeysAtOnce() {
        Lease lease = get(store().grant(Duration.ofMinutes(10)));
        get(store().commit(
                        Transaction.builder().put("r/1", bytes("1"), lease.id()).build()));
        get(store().revoke(lease.id()));
        assertThat(get(store().get("r/1"))).isEmpty();
    }

    @Test
    void misuseAndSizeAreToldAtTheCall() {
        assertThatThrownBy(() -> store().get("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store().get("a b")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store().get("\u00e4")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store().list("a", null, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store().get("k".repeat(Transaction.MAX_KEY + 1)))
                .isInstanceOf(StoreException.TooLarge.class);
        assertThatThrownBy(() -> Transaction.put("a", Bytes.of(new byte[Transaction.MAX_BYTES])))
                .isInstanceOf(StoreException.TooLarge.class);
        assertThatThrownBy(() -> Transaction.builder().put("a", Bytes.EMPTY).delete("a"))
                .isInstanceOf(IllegalArgumentException.class);
        get(store().commit(Transaction.put("big", Bytes.of(new byte[Transaction.MAX_BYTES - 3]))));
        assertThat(get(store().get("big")).orElseThrow().value().length()).isEqualTo(Transaction.MAX_BYTES - 3);
        Transaction.Builder many = Transaction.builder();
        for (int i = 0; i < Transaction.MAX_PARTS; i++) {
            many.ifAbsent("many/" + i).put("many/" + i, Bytes.EMPTY);
        }
        get(store().commit(many.build()));
    }

    /** Every writer's view, and a watch, agree with a map that is changed one after the other. */
    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13})
    void randomTransactionsAreLikeTheModel(long seed) throws Exception {
        Random random = new Random(seed);
        String prefix = "p" + seed + '/';
        TreeMap<String, Entry> model = new TreeMap<>();
        Map<Long, TreeMap<String, Bytes>> past = new HashMap<>();
        long start = get(store().revision());
        Told told = new Told();
        long changes = 0;
        try (Watch watch = store().watch(prefix, start + 1, told)) {
            assertThat(watch).isNotNull();
            for (int i = 0; i < 150; i++) {
                Transaction.Builder builder = Transaction.builder();
                boolean holds = true;
                String conflict = "";
                TreeMap<String, Bytes> puts = new TreeMap<>();
                List<String> deletes = new ArrayList<>();
                for (int k = 0, n = random.nextInt(3); k < n; k++) {
                    String key = prefix + random.nextInt(12);
                    Entry entry = model.get(key);
                    long found = entry == null ? 0 : entry.modRevision();
                    long expected = random.nextInt(4) == 0 ? found + 1 : found;
                    conflict = holds && expected != found ? key : conflict;
                    holds &= expected == found;
                    builder.ifModRevision(key, expected);
                }
                for (int k = 0; k < 12; k++) {
                    String key = prefix + k;
                    int what = random.nextInt(12);
                    if (what == 0) {
                        deletes.add(key);
                        builder.delete(key);
                    } else if (what < 3) {
                        Bytes value = Bytes.utf8("v" + i + "." + k);
                        puts.put(key, value);
                        builder.put(key, value);
                    }
                }
                CompletableFuture<Long> commit = store().commit(builder.build()).toCompletableFuture();
                if (!holds) {
                    String key = conflict;
                    assertThatThrownBy(() -> get(commit))
                            .isInstanceOfSatisfying(
                                    StoreException.Conflict.class,
                                    e -> assertThat(e.key()).isEqualTo(key));
                    continue;
                }
                long revision = get(commit);
                boolean changed = !puts.isEmpty() || deletes.stream().anyMatch(model::containsKey);
                changes += changed ? 1 : 0;
                deletes.forEach(model::remove);
                puts.forEach((key, value) -> {
                    Entry old = model.get(key);
                    model.put(
                            key,
                            new Entry(
                                    key,
                                    value,
                                    old == null ? revision : old.createRevision(),
                                    revision,
                                    old == null ? 1 : old.version() + 1,
                                    0));
                });
                TreeMap<String, Bytes> values = new TreeMap<>();
                model.forEach((key, entry) -> values.put(key, entry.value()));
                past.put(revision, values);
                String asked = prefix + random.nextInt(12);
                assertThat(get(store().get(asked))).isEqualTo(Optional.ofNullable(model.get(asked)));
            }
            assertThat(get(store().list(prefix, null, 1000, 0)).entries()).isEqualTo(new ArrayList<>(model.values()));
            for (Map.Entry<Long, TreeMap<String, Bytes>> then : past.entrySet()) {
                TreeMap<String, Bytes> listed = new TreeMap<>();
                get(store().list(prefix, null, 1000, then.getKey()))
                        .entries()
                        .forEach(e -> listed.put(e.key(), e.value()));
                assertThat(listed).isEqualTo(then.getValue());
            }
            TreeMap<String, Bytes> replayed = new TreeMap<>();
            for (long i = 0; i < changes; i++) {
                List<Event> events = told.events();
                for (Event event : events) {
                    if (event instanceof Event.Put put) {
                        replayed.put(event.key(), put.entry().value());
                    } else {
                        replayed.remove(event.key());
                    }
                }
                assertThat(replayed).isEqualTo(past.get(events.get(0).revision()));
            }
        }
    }

    @Test
    void manyWritersLoseNothing() {
        List<CompletableFuture<Long>> commits = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            commits.add(store().commit(Transaction.put("m/" + i, bytes("" + i))).toCompletableFuture());
        }
        assertThat(commits.stream().map(f -> get(f)).distinct().count()).isEqualTo(500);
        assertThat(get(store().list("m/", null, 1000, 0)).entries()).hasSize(500);
    }
}
