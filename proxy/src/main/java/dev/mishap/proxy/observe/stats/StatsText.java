package dev.mishap.proxy.observe.stats;

import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.observe.stats.LogLinearHistogram.Buckets;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** Stats as Envoy's admin server writes them: plain text, JSON and Prometheus' text format. */
public final class StatsText {
    private static final double[] QUANTILES = {0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1};
    private static final String[] PERCENTILES = {"0", "25", "50", "75", "90", "95", "99", "99.5", "99.9", "100"};
    /** Envoy's default bounds of cumulative buckets. */
    public static final List<Double> DEFAULT_BOUNDS = List.of(
            0.5,
            1.0,
            5.0,
            10.0,
            25.0,
            50.0,
            100.0,
            250.0,
            500.0,
            1000.0,
            2500.0,
            5000.0,
            10_000.0,
            30_000.0,
            60_000.0,
            300_000.0,
            600_000.0,
            1_800_000.0,
            3_600_000.0);

    private final StatsStore store;
    private final TagExtractor tags;
    private final Function<String, List<Double>> bounds;

    /**
     * @param bounds the bounds of a histogram's buckets by its name
     */
    public StatsText(StatsStore store, TagExtractor tags, Function<String, List<Double>> bounds) {
        this.store = store;
        this.tags = tags;
        this.bounds = bounds;
    }

    /** Unsigned, as the hash that a version is shown as. */
    private record Number(String name, long value) {}

    private List<Number> numbers(StatsQuery query) {
        List<Number> out = new ArrayList<>();
        for (Counter c : store.counters()) {
            if (query.shows("Counters", c.name()) && (!query.usedOnly() || c.used())) {
                out.add(new Number(c.name(), c.value()));
            }
        }
        for (Gauge g : store.gauges()) {
            if (query.shows("Gauges", g.name()) && (!query.usedOnly() || g.used())) {
                out.add(new Number(g.name(), g.value()));
            }
        }
        out.sort(Comparator.comparing(Number::name));
        store.elsewhere((name, tagged, counter, value) -> {
            if (query.shows(counter ? "Counters" : "Gauges", name)) {
                out.add(new Number(name, value));
            }
        });
        return out;
    }

    private List<LogLinearHistogram> histograms(StatsQuery query) {
        List<LogLinearHistogram> out = new ArrayList<>();
        for (LogLinearHistogram h : store.histograms()) {
            if (query.shows("Histograms", h.name()) && (!query.usedOnly() || h.used())) {
                out.add(h);
            }
        }
        return out;
    }

    /** {@code name: value} a line; counters and gauges first, then histograms. */
    public String text(StatsQuery query) {
        StringBuilder out = new StringBuilder();
        for (Number n : numbers(query)) {
            out.append(n.name())
                    .append(": ")
                    .append(Long.toUnsignedString(n.value()))
                    .append('\n');
        }
        for (LogLinearHistogram h : histograms(query)) {
            out.append(h.name()).append(':');
            Buckets interval = h.interval();
            Buckets all = h.cumulative();
            switch (h.used() ? query.buckets() : "none") {
                case "cumulative", "disjoint" -> {
                    boolean disjoint = query.buckets().equals("disjoint");
                    List<Double> at = bounds.apply(h.name());
                    long[] i = counts(interval, at, disjoint);
                    long[] c = counts(all, at, disjoint);
                    for (int k = 0; k < at.size(); k++) {
                        out.append(" B").append(general(at.get(k)));
                        out.append('(').append(i[k]).append(',').append(c[k]).append(')');
                    }
                }
                case "detailed" -> {
                    out.append("\n  totals=");
                    detail(all, out);
                    out.append("\n  intervals=");
                    detail(interval, out);
                    out.append("\n  summary=");
                    out.append(summary(h, interval, all));
                }
                default -> out.append(' ').append(summary(h, interval, all));
            }
            out.append('\n');
        }
        return out.toString();
    }

    private static String summary(LogLinearHistogram h, Buckets interval, Buckets all) {
        if (!h.used()) {
            return "No recorded values";
        }
        double[] i = interval.quantiles(QUANTILES);
        double[] c = all.quantiles(QUANTILES);
        StringBuilder out = new StringBuilder();
        for (int k = 0; k < QUANTILES.length; k++) {
            out.append(k == 0 ? "P" : " P").append(PERCENTILES[k]);
            out.append('(').append(plain(i[k])).append(',').append(plain(c[k])).append(')');
        }
        return out.toString();
    }

    private static void detail(Buckets buckets, StringBuilder out) {
        int start = out.length();
        buckets.forEach((lower, width, count) -> out.append(out.length() > start ? ", " : "")
                .append(plain(lower))
                .append(',')
                .append(plain(width))
                .append(':')
                .append(count));
    }

    private static long[] counts(Buckets buckets, List<Double> at, boolean disjoint) {
        long[] out = new long[at.size()];
        long before = 0;
        for (int k = 0; k < out.length; k++) {
            long below = buckets.countBelow(at.get(k));
            out[k] = disjoint ? below - before : below;
            before = below;
        }
        return out;
    }

    /** One JSON object with the member {@code stats}. */
    public String json(StatsQuery query) {
        StringBuilder out = new StringBuilder("{\"stats\":[");
        String separator = "";
        for (Number n : numbers(query)) {
            out.append(separator).append("{\"name\":");
            JsonWriter.quote(n.name(), out);
            out.append(",\"value\":").append(Long.toUnsignedString(n.value())).append('}');
            separator = ",";
        }
        List<LogLinearHistogram> histograms = histograms(query);
        if (!histograms.isEmpty()) {
            out.append(separator).append("{\"histograms\":");
            switch (query.buckets()) {
                case "cumulative", "disjoint" ->
                    jsonBuckets(histograms, query.buckets().equals("disjoint"), out);
                case "detailed" -> jsonDetails(histograms, out);
                default -> jsonQuantiles(histograms, out);
            }
            out.append('}');
        }
        return out.append("]}").toString();
    }

    private static void jsonQuantiles(List<LogLinearHistogram> histograms, StringBuilder out) {
        out.append("{\"supported_quantiles\":[")
                .append(String.join(",", PERCENTILES))
                .append("],\"computed_quantiles\":[");
        String separator = "";
        for (LogLinearHistogram h : histograms) {
            out.append(separator).append("{\"name\":");
            JsonWriter.quote(h.name(), out);
            out.append(",\"values\":");
            jsonValues(h, out);
            out.append('}');
            separator = ",";
        }
        out.append("]}");
    }

    private static void jsonValues(LogLinearHistogram h, StringBuilder out) {
        double[] i = h.interval().quantiles(QUANTILES);
        double[] c = h.cumulative().quantiles(QUANTILES);
        out.append('[');
        for (int k = 0; k < QUANTILES.length; k++) {
            out.append(k == 0 ? "" : ",").append("{\"cumulative\":").append(JsonWriter.number(c[k]));
            out.append(",\"interval\":").append(JsonWriter.number(i[k])).append('}');
        }
        out.append(']');
    }

    private void jsonBuckets(List<LogLinearHistogram> histograms, boolean disjoint, StringBuilder out) {
        out.append('[');
        String separator = "";
        for (LogLinearHistogram h : histograms) {
            out.append(separator).append("{\"name\":");
            JsonWriter.quote(h.name(), out);
            out.append(",\"buckets\":[");
            List<Double> at = bounds.apply(h.name());
            long[] i = counts(h.interval(), at, disjoint);
            long[] c = counts(h.cumulative(), at, disjoint);
            for (int k = 0; k < at.size(); k++) {
                out.append(k == 0 ? "" : ",").append("{\"upper_bound\":").append(JsonWriter.number(at.get(k)));
                out.append(",\"interval\":")
                        .append(i[k])
                        .append(",\"cumulative\":")
                        .append(c[k])
                        .append('}');
            }
            out.append("]}");
            separator = ",";
        }
        out.append(']');
    }

    private static void jsonDetails(List<LogLinearHistogram> histograms, StringBuilder out) {
        out.append("{\"supported_percentiles\":[")
                .append(String.join(",", PERCENTILES))
                .append("],\"details\":[");
        String separator = "";
        for (LogLinearHistogram h : histograms) {
            out.append(separator).append("{\"name\":");
            JsonWriter.quote(h.name(), out);
            out.append(",\"totals\":[");
            jsonDetail(h.cumulative(), out);
            out.append("],\"intervals\":[");
            jsonDetail(h.interval(), out);
            out.append("],\"percentiles\":");
            jsonValues(h, out);
            out.append('}');
            separator = ",";
        }
        out.append("]}");
    }

    private static void jsonDetail(Buckets buckets, StringBuilder out) {
        int start = out.length();
        buckets.forEach((lower, width, count) -> out.append(out.length() > start ? "," : "")
                .append("{\"lower_bound\":")
                .append(JsonWriter.number(lower))
                .append(",\"width\":")
                .append(JsonWriter.number(width))
                .append(",\"count\":")
                .append(count)
                .append('}'));
    }

    /** Prometheus' text format; the query's type has no effect here, as in Envoy. */
    public String prometheus(StatsQuery query) {
        StringBuilder out = new StringBuilder();
        Map<String, List<String>> counters = new TreeMap<>();
        StatsQuery all = new StatsQuery("All", query.filter(), query.invert(), query.usedOnly(), query.buckets());
        for (Counter c : store.counters()) {
            if (all.shows("Counters", c.name()) && (!query.usedOnly() || c.used())) {
                series(counters, c.name(), c.value());
            }
        }
        families(counters, "counter", out);
        Map<String, List<String>> gauges = new TreeMap<>();
        for (Gauge g : store.gauges()) {
            if (all.shows("Gauges", g.name()) && (!query.usedOnly() || g.used())) {
                series(gauges, g.name(), g.value());
            }
        }
        families(gauges, "gauge", out);
        boolean summaries = query.buckets().equals("summary");
        Map<String, List<String>> histograms = new TreeMap<>();
        for (LogLinearHistogram h : histograms(all)) {
            TagExtractor.Tagged tagged = tags.extract(h.name());
            String name = metricName(tagged.name());
            List<String> lines = histograms.computeIfAbsent(name, n -> new ArrayList<>());
            lines.add(summaries ? summary(h, name, labels(tagged)) : buckets(h, name, labels(tagged)));
        }
        families(histograms, summaries ? "summary" : "histogram", out);
        Map<String, List<String>> countersElsewhere = new TreeMap<>();
        Map<String, List<String>> gaugesElsewhere = new TreeMap<>();
        store.elsewhere((name, tagged, counter, value) -> {
            if (all.shows(counter ? "Counters" : "Gauges", name)) {
                series(counter ? countersElsewhere : gaugesElsewhere, tags.withFixed(tagged), value);
            }
        });
        families(countersElsewhere, "counter", out);
        families(gaugesElsewhere, "gauge", out);
        return out.toString();
    }

    private void series(Map<String, List<String>> families, String statName, long value) {
        series(families, tags.extract(statName), value);
    }

    private static void series(Map<String, List<String>> families, TagExtractor.Tagged tagged, long value) {
        String name = metricName(tagged.name());
        families.computeIfAbsent(name, n -> new ArrayList<>())
                .add(name + '{' + labels(tagged) + "} " + Long.toUnsignedString(value) + '\n');
    }

    private static void families(Map<String, List<String>> families, String type, StringBuilder out) {
        families.forEach((name, lines) -> {
            out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
            lines.forEach(out::append);
        });
    }

    private String buckets(LogLinearHistogram h, String name, String labels) {
        StringBuilder out = new StringBuilder();
        Buckets all = h.cumulative();
        String prefix = name + "_bucket{" + (labels.isEmpty() ? "" : labels + ",") + "le=\"";
        for (double bound : bounds.apply(h.name())) {
            out.append(prefix)
                    .append(exact(bound))
                    .append("\"} ")
                    .append(all.countBelow(bound))
                    .append('\n');
        }
        out.append(prefix).append("+Inf\"} ").append(all.count()).append('\n');
        return out.append(sumAndCount(all, name, labels)).toString();
    }

    private static String summary(LogLinearHistogram h, String name, String labels) {
        StringBuilder out = new StringBuilder();
        Buckets all = h.cumulative();
        double[] values = all.quantiles(QUANTILES);
        for (int k = 0; k < QUANTILES.length; k++) {
            out.append(name)
                    .append('{')
                    .append(labels.isEmpty() ? "" : labels + ",")
                    .append("quantile=\"");
            out.append(general(QUANTILES[k]))
                    .append("\"} ")
                    .append(exact(values[k]))
                    .append('\n');
        }
        return out.append(sumAndCount(all, name, labels)).toString();
    }

    private static String sumAndCount(Buckets all, String name, String labels) {
        return name + "_sum{" + labels + "} " + exact(all.sum()) + '\n' + name + "_count{" + labels + "} " + all.count()
                + '\n';
    }

    private static String labels(TagExtractor.Tagged tagged) {
        StringBuilder out = new StringBuilder();
        for (TagExtractor.Tag tag : tagged.tags()) {
            out.append(out.length() == 0 ? "" : ",")
                    .append(sanitize(tag.name()))
                    .append("=\"");
            out.append(tag.value().replace("\\", "\\\\").replace("\n", "\\n").replace("\"", "\\\""))
                    .append('"');
        }
        return out.toString();
    }

    /** {@code envoy_} and the name with underscores for what a metric's name can't have. */
    private static String metricName(String name) {
        return "envoy_" + sanitize(name);
    }

    private static String sanitize(String name) {
        StringBuilder out = new StringBuilder(name.length());
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
            out.append(fine ? c : '_');
        }
        return out.toString();
    }

    /** The shortest decimal that gives the same double, {@code nan} for none. */
    private static String plain(double value) {
        return Double.isNaN(value) ? "nan" : JsonWriter.number(value);
    }

    /** Six significant digits, as C's %g. */
    private static String general(double value) {
        if (value >= 1e6) {
            String text = String.format(Locale.ROOT, "%.5e", value);
            int e = text.indexOf('e');
            String digits = text.substring(0, e);
            while (digits.endsWith("0") || digits.endsWith(".")) {
                digits = digits.substring(0, digits.length() - 1);
            }
            return digits + text.substring(e);
        }
        return JsonWriter.number(value);
    }

    /** 32 significant digits of the double's exact value, as Envoy writes it to Prometheus. */
    private static String exact(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            return Long.toString((long) value);
        }
        return new BigDecimal(value)
                .round(new MathContext(32))
                .stripTrailingZeros()
                .toPlainString();
    }
}
