package dev.mishap.proxy.observe.sink;

import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.StatsSnapshot;
import dev.mishap.proxy.observe.stats.TagExtractor;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Lines of statsd: {@code prefix.name:1|c}, with tags as the dialect has them. */
final class StatsdFormat {
    /** How tags are written. */
    enum Dialect {
        /** Not at all: they stay in the name. */
        PLAIN,
        /** {@code name:1|c|#tag:value,tag:value}. */
        DOG,
        /** {@code name;tag=value;tag=value:1|c}. */
        GRAPHITE
    }

    /** Of one bucket of a histogram, more values than these are told by one line with a sample rate. */
    private static final long MAX_REPEATED = 100;

    private final Dialect dialect;
    private final String prefix;
    private final TagExtractor tags;

    StatsdFormat(Dialect dialect, String prefix, TagExtractor tags) {
        this.dialect = dialect;
        this.prefix = prefix;
        this.tags = tags;
    }

    /** Hands every line, without an end, to {@code line}: counters, gauges, then each value that a histogram took. */
    void write(StatsSnapshot snapshot, Consumer<String> line) {
        for (StatsSnapshot.Number c : snapshot.counters()) {
            line.accept(line(c, Long.toString(c.delta()), "c"));
        }
        for (StatsSnapshot.Number g : snapshot.gauges()) {
            line.accept(line(g, Long.toString(g.value()), "g"));
        }
        for (StatsSnapshot.Distribution h : snapshot.histograms()) {
            h.interval().forEach((lower, width, count) -> {
                String value = value(lower, h.unit());
                if (count > MAX_REPEATED) {
                    line.accept(line(h.name(), value, "ms", String.format(Locale.ROOT, "%.6f", 1.0 / count)));
                    return;
                }
                String text = line(h.name(), value, "ms", null);
                for (long i = 0; i < count; i++) {
                    line.accept(text);
                }
            });
        }
    }

    /** statsd knows milliseconds only. */
    private static String value(double lower, Histogram.Unit unit) {
        if (unit == Histogram.Unit.MICROSECONDS) {
            return String.format(Locale.ROOT, "%.3f", lower / 1000);
        }
        return Long.toString((long) lower);
    }

    private String line(StatsSnapshot.Number number, String value, String type) {
        return dialect == Dialect.PLAIN
                ? plain(number.name(), value, type, null)
                : line(tags.extract(number), value, type, null);
    }

    private String line(String name, String value, String type, @Nullable String rate) {
        return dialect == Dialect.PLAIN ? plain(name, value, type, rate) : line(tags.extract(name), value, type, rate);
    }

    private String plain(String name, String value, String type, @Nullable String rate) {
        StringBuilder out = new StringBuilder(prefix).append('.').append(name);
        return end(out, value, type, rate).toString();
    }

    private String line(TagExtractor.Tagged tagged, String value, String type, @Nullable String rate) {
        StringBuilder out = new StringBuilder(prefix).append('.');
        out.append(tagged.name());
        boolean graphite = dialect == Dialect.GRAPHITE;
        if (graphite) {
            tagged.tags()
                    .forEach(t -> out.append(';').append(t.name()).append('=').append(t.value()));
        }
        end(out, value, type, rate);
        if (!graphite && !tagged.tags().isEmpty()) {
            out.append("|#");
            String separator = "";
            for (TagExtractor.Tag t : tagged.tags()) {
                out.append(separator).append(t.name()).append(':').append(t.value());
                separator = ",";
            }
        }
        return out.toString();
    }

    private static StringBuilder end(StringBuilder out, String value, String type, @Nullable String rate) {
        out.append(':').append(value).append('|').append(type);
        return rate == null ? out : out.append("|@").append(rate);
    }
}
