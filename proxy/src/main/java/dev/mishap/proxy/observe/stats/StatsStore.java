package dev.mishap.proxy.observe.stats;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/**
 * All stats of the process by full name. A name asked for twice gives the same object. Names that the configuration's
 * {@code stats_matcher} rejects get an object that counts but is shown nowhere.
 */
public final class StatsStore implements Scope {
    /** Added to a name's holders when it is to stay. */
    private static final int KEPT = 1 << 30;

    private final ConcurrentMap<String, Counter> counters = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, Gauge> gauges = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, LogLinearHistogram> histograms = new ConcurrentHashMap<>();
    /** How many owned scopes have the stats of a name; names that nobody owns are not here. */
    private final ConcurrentMap<String, Integer> holders = new ConcurrentHashMap<>();

    private final Predicate<String> accepts;
    private final List<Runnable> sources = new CopyOnWriteArrayList<>();
    private final List<StatSource> elsewhere = new CopyOnWriteArrayList<>();
    /** What sinks were told of the counters elsewhere; of the thread that flushes. */
    private Map<String, Long> latched = Map.of();

    public StatsStore() {
        this(name -> true);
    }

    /** A store that keeps only the names that {@code accepts} takes. */
    public StatsStore(Predicate<String> accepts) {
        this.accepts = accepts;
    }

    @Override
    public Counter counter(String name) {
        String clean = sanitize(name);
        keep(clean);
        return counterOf(clean);
    }

    @Override
    public Gauge gauge(String name) {
        String clean = sanitize(name);
        keep(clean);
        return gaugeOf(clean);
    }

    @Override
    public Histogram histogram(String name, Histogram.Unit unit) {
        String clean = sanitize(name);
        keep(clean);
        return histogramOf(clean, unit);
    }

    Counter counterOf(String clean) {
        Counter known = counters.get(clean);
        if (known != null) {
            return known;
        }
        return accepts.test(clean) ? counters.computeIfAbsent(clean, Counter::new) : new Counter(clean);
    }

    Gauge gaugeOf(String clean) {
        Gauge known = gauges.get(clean);
        if (known != null) {
            return known;
        }
        return accepts.test(clean) ? gauges.computeIfAbsent(clean, Gauge::new) : new Gauge(clean);
    }

    LogLinearHistogram histogramOf(String clean, Histogram.Unit unit) {
        LogLinearHistogram known = histograms.get(clean);
        if (known != null) {
            return known;
        }
        return accepts.test(clean)
                ? histograms.computeIfAbsent(clean, n -> new LogLinearHistogram(n, unit))
                : new LogLinearHistogram(clean, unit);
    }

    // ---- stats that may go ----

    /** One more owned scope has the stats of that name. Those that are there without an owner stay for ever. */
    void hold(String clean) {
        holders.compute(clean, (n, count) -> count == null ? (exists(n) ? KEPT + 1 : 1) : count + 1);
    }

    /** An owned scope has gone. */
    void release(String clean) {
        holders.computeIfPresent(clean, (n, count) -> {
            if (count > 1) {
                return count - 1;
            }
            counters.remove(n);
            gauges.remove(n);
            histograms.remove(n);
            return null;
        });
    }

    /** Somebody who will not go asks for the stats of that name. */
    private void keep(String clean) {
        if (holders.containsKey(clean)) {
            holders.computeIfPresent(clean, (n, count) -> count < KEPT ? count + KEPT : count);
        }
    }

    private boolean exists(String clean) {
        return counters.containsKey(clean) || gauges.containsKey(clean) || histograms.containsKey(clean);
    }

    @Override
    public Scope scope(String prefix) {
        return new PrefixScope(this, prefix);
    }

    @Override
    public OwnedScope owned(String prefix) {
        return new OwnedScope(this, prefix);
    }

    /** Has {@code source}, which counts elsewhere, bring its stats up to date before they are read. Called on the reader's thread. */
    public void beforeRead(Runnable source) {
        sources.add(source);
    }

    /** Shows the stats of {@code source}, too. */
    public void add(StatSource source) {
        elsewhere.add(source);
    }

    /** Tells of the stats that are not in this store. */
    void elsewhere(StatSource.Visitor visitor) {
        elsewhere.forEach(s -> s.forEach(visitor));
    }

    /** A stat's value by its full name, 0 when there is no such counter or gauge; for tests and the server's own checks. */
    public long value(String name) {
        sources.forEach(Runnable::run);
        Counter counter = counters.get(name);
        if (counter != null) {
            return counter.value();
        }
        Gauge gauge = gauges.get(name);
        return gauge == null ? 0 : gauge.value();
    }

    /** Ends a flush interval: histograms show what was recorded up to now. Called by one thread at a time. */
    public void flush() {
        for (LogLinearHistogram h : histograms.values()) {
            h.merge();
        }
    }

    /** What sinks are given after {@link #flush}; called by the thread that flushes. */
    public StatsSnapshot snapshot() {
        List<StatsSnapshot.Number> numbers = new ArrayList<>();
        for (Counter c : counters()) {
            if (c.used()) {
                numbers.add(new StatsSnapshot.Number(c.name(), c.value(), c.latch()));
            }
        }
        List<StatsSnapshot.Number> levels = new ArrayList<>();
        for (Gauge g : gauges()) {
            if (g.used()) {
                levels.add(new StatsSnapshot.Number(g.name(), g.value(), 0));
            }
        }
        List<StatsSnapshot.Distribution> distributions = new ArrayList<>();
        for (LogLinearHistogram h : histograms()) {
            if (h.used()) {
                distributions.add(new StatsSnapshot.Distribution(h.name(), h.unit(), h.interval(), h.cumulative()));
            }
        }
        Map<String, Long> told = new HashMap<>();
        elsewhere((name, tagged, counter, value) -> {
            if (counter) {
                long delta = value - latched.getOrDefault(name, 0L);
                told.put(name, value);
                // Less than before: another endpoint of that name.
                numbers.add(new StatsSnapshot.Number(name, value, delta < 0 ? value : delta, tagged));
            } else {
                levels.add(new StatsSnapshot.Number(name, value, 0, tagged));
            }
        });
        latched = told;
        return new StatsSnapshot(System.currentTimeMillis(), numbers, levels, distributions);
    }

    /** Sets all counters to 0. */
    public void resetCounters() {
        counters.values().forEach(Counter::reset);
    }

    /** The counters, sorted by name. */
    List<Counter> counters() {
        sources.forEach(Runnable::run);
        List<Counter> out = new ArrayList<>(counters.values());
        out.sort(Comparator.comparing(Counter::name));
        return out;
    }

    /** The gauges, sorted by name. */
    List<Gauge> gauges() {
        List<Gauge> out = new ArrayList<>(gauges.values());
        out.sort(Comparator.comparing(Gauge::name));
        return out;
    }

    /** The histograms, sorted by name. */
    List<LogLinearHistogram> histograms() {
        List<LogLinearHistogram> out = new ArrayList<>(histograms.values());
        out.sort(Comparator.comparing(LogLinearHistogram::name));
        return out;
    }

    /** Colons can't stand in a stat's name: {@code 127.0.0.1:80} is shown as {@code 127.0.0.1_80}. */
    public static String sanitize(String name) {
        return name.indexOf(':') < 0
                ? name
                : name.replace("://", "_").replace(":/", "_").replace(':', '_');
    }

    private record PrefixScope(StatsStore store, String prefix) implements Scope {
        @Override
        public Counter counter(String name) {
            return store.counter(prefix + name);
        }

        @Override
        public Gauge gauge(String name) {
            return store.gauge(prefix + name);
        }

        @Override
        public Histogram histogram(String name, Histogram.Unit unit) {
            return store.histogram(prefix + name, unit);
        }

        @Override
        public Scope scope(String more) {
            return new PrefixScope(store, prefix + more);
        }

        @Override
        public OwnedScope owned(String more) {
            return new OwnedScope(store, prefix + more);
        }
    }
}
