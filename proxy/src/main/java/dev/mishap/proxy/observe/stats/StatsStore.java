package dev.mishap.proxy.observe.stats;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/**
 * All stats of the process by full name. A name asked for twice gives the same object. Names that the configuration's
 * {@code stats_matcher} rejects get an object that counts but is shown nowhere.
 */
public final class StatsStore implements Scope {
    private final ConcurrentMap<String, Counter> counters = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, Gauge> gauges = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, LogLinearHistogram> histograms = new ConcurrentHashMap<>();
    private final Predicate<String> accepts;
    private final List<Runnable> sources = new CopyOnWriteArrayList<>();

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
        Counter known = counters.get(clean);
        if (known != null) {
            return known;
        }
        return accepts.test(clean) ? counters.computeIfAbsent(clean, Counter::new) : new Counter(clean);
    }

    @Override
    public Gauge gauge(String name) {
        String clean = sanitize(name);
        Gauge known = gauges.get(clean);
        if (known != null) {
            return known;
        }
        return accepts.test(clean) ? gauges.computeIfAbsent(clean, Gauge::new) : new Gauge(clean);
    }

    @Override
    public Histogram histogram(String name, Histogram.Unit unit) {
        String clean = sanitize(name);
        LogLinearHistogram known = histograms.get(clean);
        if (known != null) {
            return known;
        }
        return accepts.test(clean)
                ? histograms.computeIfAbsent(clean, n -> new LogLinearHistogram(n, unit))
                : new LogLinearHistogram(clean, unit);
    }

    @Override
    public Scope scope(String prefix) {
        return new PrefixScope(this, prefix);
    }

    /** Has {@code source}, which counts elsewhere, bring its stats up to date before they are read. Called on the reader's thread. */
    public void beforeRead(Runnable source) {
        sources.add(source);
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

    /** Forgets every stat whose name starts with {@code prefix}: a cluster or a listener is gone for good. */
    public void removePrefix(String prefix) {
        String clean = sanitize(prefix);
        counters.keySet().removeIf(n -> n.startsWith(clean));
        gauges.keySet().removeIf(n -> n.startsWith(clean));
        histograms.keySet().removeIf(n -> n.startsWith(clean));
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
    private static String sanitize(String name) {
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
    }
}
