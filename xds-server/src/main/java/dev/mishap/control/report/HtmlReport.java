package dev.mishap.control.report;

import dev.mishap.control.experiment.RunResult;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.engine.Condition;
import dev.mishap.rules.experiment.engine.Finding;
import dev.mishap.rules.experiment.engine.Measure;
import dev.mishap.rules.experiment.engine.Phase;
import dev.mishap.rules.experiment.engine.PhaseResult;
import dev.mishap.rules.experiment.engine.Population;
import dev.mishap.rules.experiment.engine.RequestCounts;
import dev.mishap.rules.experiment.engine.ServiceCounts;
import dev.mishap.rules.experiment.engine.TimelinePoint;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/** The report as one page without anything from outside: it can be mailed, attached and archived. */
public final class HtmlReport {
    private HtmlReport() {}

    public static String write(RunResult result, ReportContext context) {
        Experiment experiment = result.plan().experiment();
        String outcome = Headline.of(result.verdict());
        StringBuilder page = new StringBuilder();
        page.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
                .append("<meta name=\"color-scheme\" content=\"light dark\">\n<title>")
                .append(Xml.escape(experiment.name() + ": " + outcome))
                .append("</title>\n<style>\n")
                .append(style())
                .append("</style>\n</head>\n<body>\n<main>\n");
        page.append("<header><p class=\"kind\">Chaos experiment</p><h1>")
                .append(Xml.escape(experiment.name()))
                .append("</h1>\n");
        page.append("<div class=\"verdict ")
                .append(verdictStyle(result))
                .append("\" role=\"status\"><strong>")
                .append(Xml.escape(Character.toUpperCase(outcome.charAt(0)) + outcome.substring(1)))
                .append("</strong><span>exit code ")
                .append(result.verdict().exitCode())
                .append("</span><p>")
                .append(Xml.escape(result.verdict().explanation()))
                .append("</p></div>\n");
        if (!experiment.hypothesis().isEmpty()) {
            page.append("<p class=\"hypothesis\"><b>Hypothesis.</b> ")
                    .append(Xml.escape(experiment.hypothesis()))
                    .append("</p>\n");
        }
        page.append("</header>\n");
        conditions(page, result);
        charts(page, result);
        section(page, "Faults");
        list(page, context.faults());
        page.append("<p>").append(Xml.escape(Facts.counts(result.faults()))).append("</p></section>\n");
        events(page, result);
        List<String> remarks = new ArrayList<>(result.remarks());
        remarks.addAll(context.notes());
        if (!remarks.isEmpty()) {
            section(page, "Remarks");
            list(page, remarks);
            page.append("</section>\n");
        }
        section(page, "Run");
        page.append("<dl>");
        for (String[] fact : Facts.of(result, context)) {
            page.append("<dt>")
                    .append(Xml.escape(fact[0]))
                    .append("</dt><dd>")
                    .append(Xml.escape(fact[1]))
                    .append("</dd>\n");
        }
        page.append("</dl></section>\n");
        section(page, "Again");
        page.append("<pre>").append(Xml.escape(context.command())).append("</pre></section>\n");
        return page.append("</main>\n</body>\n</html>\n").toString();
    }

    private static void conditions(StringBuilder page, RunResult result) {
        if (result.results().isEmpty()) {
            return;
        }
        section(page, "Conditions");
        page.append(
                        "<div class=\"wide\"><table><thead><tr><th>Condition</th><th>Over</th><th>Phase</th><th class=\"n\">Value</th>")
                .append("<th class=\"n\">Samples</th><th>Finding</th></tr></thead><tbody>\n");
        for (PhaseResult each : result.results()) {
            page.append("<tr><td>")
                    .append(Xml.escape(each.condition().name()))
                    .append("</td><td>")
                    .append(Figures.population(each.population()))
                    .append("</td><td>")
                    .append(Figures.lower(each.phase()))
                    .append("</td><td class=\"n\">")
                    .append(Figures.value(each))
                    .append("</td><td class=\"n\">")
                    .append(Figures.samples(each))
                    .append("</td><td class=\"")
                    .append(findingStyle(each.finding()))
                    .append("\">")
                    .append(Headline.of(each.finding()))
                    .append("</td></tr>\n");
        }
        page.append("</tbody></table></div></section>\n");
    }

    private static void charts(StringBuilder page, RunResult result) {
        List<TimelinePoint> points = result.timeline();
        if (points.size() < 2) {
            return;
        }
        section(page, "Timelines");
        double[] seconds = values(points, point -> point.elapsedNanos() / 1e9);
        List<SvgChart.Band> bands = bands(points);
        TreeSet<String> services = new TreeSet<>();
        points.forEach(point -> services.addAll(point.services().keySet()));
        int chart = 0;
        for (String service : services) {
            page.append(successChart(
                            new SvgChart("c" + ++chart, "Success rate of " + service, " %", seconds, bands),
                            result,
                            service)
                    .render());
            page.append(new SvgChart("c" + ++chart, "Latency of " + service + ", all traffic", " ms", seconds, bands)
                    .range(0, Double.NaN)
                    .add(new SvgChart.Series("p50", "s1", values(points, p -> latency(p, service, 0.50))))
                    .add(new SvgChart.Series("p95", "s2", values(points, p -> latency(p, service, 0.95))))
                    .add(new SvgChart.Series("p99", "s3", values(points, p -> latency(p, service, 0.99))))
                    .render());
        }
        TreeSet<String> queries = new TreeSet<>();
        points.forEach(point -> queries.addAll(point.queries().keySet()));
        for (String query : queries) {
            page.append(new SvgChart("c" + ++chart, query, "", seconds, bands)
                    .add(new SvgChart.Series(
                            query, "s1", values(points, p -> p.queries().getOrDefault(query, Double.NaN))))
                    .render());
        }
        page.append(new SvgChart("c" + ++chart, "Requests touched by a fault", "/s", seconds, bands)
                .range(0, Double.NaN)
                .add(new SvgChart.Series(
                        "touched", "s1", values(points, p -> p.touched() / Math.max(1e-3, p.intervalNanos() / 1e9))))
                .render());
        page.append("</section>\n");
    }

    private static SvgChart successChart(SvgChart chart, RunResult result, String service) {
        List<TimelinePoint> points = result.timeline();
        double[] all = values(points, p -> success(p, service, Population.ALL));
        double[] exposed = values(points, p -> success(p, service, Population.EXPOSED));
        // Down to 90 % at least: an axis of tenths of a percent would make noise look like an outage.
        double lowest = DoubleStream.concat(DoubleStream.of(all), DoubleStream.of(exposed))
                .filter(v -> !Double.isNaN(v))
                .min()
                .orElse(90);
        chart.range(Math.min(90, lowest), 100)
                .add(new SvgChart.Series("all traffic", "s1", all))
                .add(new SvgChart.Series("exposed cohort", "s2", exposed));
        for (Condition condition : result.plan().plan().conditions()) {
            if (service.equals(condition.service())
                    && Measure.SUCCESS_RATE.equals(condition.measure())
                    && !condition.relative()) {
                chart.add(new SvgChart.Series("SLO", "s4", values(points, p -> condition.target() * 100)));
            }
        }
        return chart;
    }

    private static List<SvgChart.Band> bands(List<TimelinePoint> points) {
        List<SvgChart.Band> bands = new ArrayList<>();
        double from = 0;
        for (int i = 0; i < points.size(); i++) {
            Phase phase = points.get(i).phase();
            if (i + 1 == points.size() || points.get(i + 1).phase() != phase) {
                double to = points.get(i).elapsedNanos() / 1e9;
                String label = phase == Phase.BASELINE ? "before" : phase == Phase.INJECTION ? "during" : "after";
                bands.add(new SvgChart.Band(label, label, from, to));
                from = to;
            }
        }
        return bands;
    }

    private static double success(TimelinePoint point, String service, Population population) {
        OptionalDouble rate = counts(point, service, population).successRate();
        return rate.isEmpty() ? Double.NaN : rate.getAsDouble() * 100;
    }

    private static double latency(TimelinePoint point, String service, double quantile) {
        OptionalDouble micros = counts(point, service, Population.ALL).latency().quantileMicros(quantile);
        return micros.isEmpty() ? Double.NaN : micros.getAsDouble() / 1000;
    }

    private static RequestCounts counts(TimelinePoint point, String service, Population population) {
        return point.services().getOrDefault(service, ServiceCounts.NONE).of(population);
    }

    private static double[] values(List<TimelinePoint> points, ToDoubleFunction<TimelinePoint> value) {
        return points.stream().mapToDouble(value).toArray();
    }

    private static void events(StringBuilder page, RunResult result) {
        section(page, "Events");
        page.append(
                "<div class=\"wide\"><table><thead><tr><th class=\"n\">At</th><th>Phase</th><th>What</th></tr></thead><tbody>\n");
        result.events()
                .forEach(event -> page.append("<tr><td class=\"n\">")
                        .append(Figures.seconds(event.elapsedNanos()))
                        .append("</td><td>")
                        .append(Figures.lower(event.phase()))
                        .append("</td><td>")
                        .append(Xml.escape(event.text()))
                        .append("</td></tr>\n"));
        page.append("</tbody></table></div></section>\n");
    }

    private static void section(StringBuilder page, String title) {
        page.append("<section><h2>").append(title).append("</h2>\n");
    }

    private static void list(StringBuilder page, List<String> items) {
        page.append("<ul>");
        items.forEach(item -> page.append("<li>").append(Xml.escape(item)).append("</li>"));
        page.append("</ul>\n");
    }

    private static String verdictStyle(RunResult result) {
        int code = result.verdict().exitCode();
        return code == 0 ? "good" : code == 1 ? "bad" : "open";
    }

    private static String findingStyle(Finding finding) {
        return finding == Finding.OK ? "good" : finding == Finding.BREACH ? "bad" : "open";
    }

    private static String style() {
        try (InputStream in = HtmlReport.class.getResourceAsStream("report.css")) {
            if (in == null) {
                throw new IllegalStateException("report.css is missing from the program");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
