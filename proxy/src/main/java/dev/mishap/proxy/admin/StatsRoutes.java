package dev.mishap.proxy.admin;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.mishap.proxy.observe.stats.StatsQuery;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.observe.stats.StatsText;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** /stats in its forms. */
public final class StatsRoutes {
    private static final List<String> TYPES = List.of("All", "Counters", "Gauges", "Histograms", "TextReadouts");
    private static final List<String> BUCKETS = List.of("none", "cumulative", "disjoint", "detailed", "summary");
    /** No stat is hidden: all of these show the same, but for {@code only}. */
    private static final List<String> HIDDEN = List.of("include", "only", "exclude");

    private static final String[] PARAMETERS = {
        "usedonly: Only include stats that have been written by system since restart",
        "filter: Regular expression (Google re2) for filtering stats",
        "invert_filter: Invert the filter regex",
        "format: Format to use; One of (html, active-html, text, json)",
        "type: Stat types to include.; One of (All, Counters, Histograms, Gauges, TextReadouts)",
        "histogram_buckets: Histogram bucket display mode; One of (cumulative, disjoint, detailed, summary)"
    };
    /** RE2's words for what RE2/J says otherwise. */
    private static final String[][] RE2_WORDS = {
        {"missing closing ]", "missing ]"},
        {"missing closing )", "missing )"},
        {"unexpected )", "unexpected )"},
        {"missing argument to repetition operator", "no argument for repetition operator"},
        {"invalid nested repetition operator", "bad repetition operator"},
        {"trailing backslash at end of expression", "trailing \\"},
        {"invalid repeat count", "invalid repetition size"},
        {"invalid named capture", "invalid named capture group"}
    };

    private final StatsStore store;
    private final StatsText text;
    private final boolean flushFirst;

    private StatsRoutes(StatsStore store, StatsText text, boolean flushFirst) {
        this.store = store;
        this.text = text;
        this.flushFirst = flushFirst;
    }

    /** The routes; with {@code flushFirst}, histograms are brought up to date by the request ({@code stats_flush_on_admin}). */
    public static List<AdminRoute> of(StatsStore store, StatsText text, boolean flushFirst) {
        StatsRoutes routes = new StatsRoutes(store, text, flushFirst);
        return List.of(
                AdminRoute.reads(
                        "/stats", "print server stats", r -> routes.stats(r, r.parameter("format")), PARAMETERS),
                AdminRoute.reads(
                        "/stats/prometheus",
                        "print server stats in prometheus format",
                        r -> routes.stats(r, "prometheus"),
                        PARAMETERS[0],
                        "text_readouts: Render text_readouts as new gaugues with value 0 (increases Prometheus data size)",
                        PARAMETERS[1],
                        PARAMETERS[2],
                        "histogram_buckets: Histogram bucket display mode; One of (cumulative, summary)"),
                AdminRoute.needsPost("/reset_counters", "reset all counters to zero", r -> {
                    store.resetCounters();
                    return AdminResponse.ok();
                }),
                // stats are looked up when the configuration is built, never by name per request: there is nothing to
                // record
                AdminRoute.reads(
                        "/stats/recentlookups",
                        "Show recent stat-name lookups",
                        r -> AdminResponse.text(
                                "Lookup tracking is not enabled. Use /stats/recentlookups/enable to enable.\n\ntotal: 0\n")),
                AdminRoute.needsPost(
                        "/stats/recentlookups/clear", "clear list of stat-name lookups and counter", r -> noLookups()),
                AdminRoute.needsPost(
                        "/stats/recentlookups/disable",
                        "disable recording of reset stat-name lookup names",
                        r -> AdminResponse.ok()),
                AdminRoute.needsPost(
                        "/stats/recentlookups/enable",
                        "enable recording of reset stat-name lookup names",
                        r -> AdminResponse.text(
                                501,
                                "stats are not looked up by name while requests are served: there is nothing to record\n")));
    }

    private static AdminResponse noLookups() {
        return AdminResponse.ok();
    }

    private AdminResponse stats(AdminRequest request, @Nullable String format) {
        Pattern filter = null;
        String regex = request.parameter("filter");
        if (regex != null && !regex.isEmpty()) {
            try {
                filter = Pattern.compile(regex);
            } catch (PatternSyntaxException e) {
                return AdminResponse.text(400, "Invalid re2 regex: " + reason(e));
            }
        }
        String type = request.parameter("type");
        if (type != null && !type.isEmpty() && !TYPES.contains(type)) {
            return AdminResponse.text(400, "invalid &type= param");
        }
        String buckets = request.parameter("histogram_buckets");
        String hidden = request.parameter("hidden");
        if (hidden != null && !HIDDEN.contains(hidden)) {
            return AdminResponse.text(400, "usage: /stats?hidden=(include|only|exclude)\n\n");
        }
        if (buckets != null && !BUCKETS.contains(buckets)) {
            return AdminResponse.text(
                    400, "usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary|prometheusnative)\n");
        }
        String form = format == null || format.isEmpty() ? "text" : format;
        if (!List.of("text", "json", "prometheus", "html", "active-html").contains(form)) {
            return AdminResponse.text(400, "usage: /stats?format=(html|active-html|json|prometheus|text)\n\n");
        }
        if (form.equals("prometheus") && ("disjoint".equals(buckets) || "detailed".equals(buckets))) {
            return AdminResponse.text(400, "unsupported prometheus histogram bucket mode");
        }
        if (flushFirst) {
            store.flush();
        }
        StatsQuery query = new StatsQuery(
                "only".equals(hidden) ? "Hidden" : type == null || type.isEmpty() ? "All" : type,
                filter,
                request.query().containsKey("invert_filter"),
                request.query().containsKey("usedonly"),
                buckets == null ? "none" : buckets.equals("none") && form.equals("prometheus") ? "summary" : buckets);
        return switch (form) {
            case "json" -> AdminResponse.json(text.json(query));
            case "prometheus" -> AdminResponse.text(text.prometheus(query));
            case "html", "active-html" -> html(text.text(query));
            default -> AdminResponse.text(text.text(query));
        };
    }

    private static AdminResponse html(String stats) {
        return AdminResponse.of(
                200,
                "text/html; charset=UTF-8",
                "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<title>Mishap Admin</title>\n</head>\n<body>\n<pre>\n"
                        + stats.replace("&", "&amp;").replace("<", "&lt;") + "</pre>\n</body>\n</html>\n");
    }

    /** Why an expression is none, in RE2's words. */
    static String reason(PatternSyntaxException e) {
        String what = e.getDescription();
        for (String[] words : RE2_WORDS) {
            if (what.startsWith(words[0])) {
                what = words[1];
            }
        }
        String where = e.getPattern();
        return where == null || where.isEmpty() ? what : what + ": " + where;
    }
}
