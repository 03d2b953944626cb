package dev.mishap.control.report;

import dev.mishap.control.experiment.RunResult;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.Slo;
import dev.mishap.rules.experiment.engine.Event;
import dev.mishap.rules.experiment.engine.FaultCounts;
import dev.mishap.rules.experiment.engine.Measure;
import dev.mishap.rules.experiment.engine.PhaseResult;
import dev.mishap.rules.experiment.engine.RequestCounts;
import dev.mishap.rules.experiment.engine.TimelinePoint;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.TreeMap;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The report for programs; its fields are described in docs/experiments.md. */
public final class JsonReport {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private JsonReport() {}

    public static String write(RunResult result, ReportContext context) {
        Experiment experiment = result.plan().experiment();
        ObjectNode report = JSON.createObjectNode();
        report.put("apiVersion", "mishap.dev/v1").put("kind", "ExperimentReport");
        experiment(report.putObject("experiment"), experiment, context);
        report.putObject("run")
                .put("id", result.runId())
                .put("started", result.started().toString())
                .put("ended", result.ended().toString())
                .put("timeScale", result.plan().options().timeScale())
                .put("dryRun", result.plan().options().dryRun())
                .put("command", context.command());
        ObjectNode verdict = report.putObject("verdict");
        verdict.put("exitCode", result.verdict().exitCode())
                .put("reason", result.verdict().reason().name())
                .put("explanation", result.verdict().explanation());
        if (result.verdict().recovered() == null) {
            verdict.putNull("recovered");
        } else {
            verdict.put("recovered", result.verdict().recovered());
        }
        FaultCounts faults = result.faults();
        report.putObject("faults")
                .put("scoped", faults.scoped())
                .put("cohort", faults.cohort())
                .put("drawn", faults.drawn())
                .put("touched", faults.touched())
                .put("suppressedByCap", faults.suppressedByCap())
                .put("suppressedOtherwise", faults.suppressedOtherwise());
        for (PhaseResult each : result.results()) {
            result(report.withArray("results").addObject(), each);
        }
        report.withArray("results");
        for (TimelinePoint point : result.timeline()) {
            point(report.withArray("timeline").addObject(), point);
        }
        report.withArray("timeline");
        for (Event event : result.events()) {
            report.withArray("events")
                    .addObject()
                    .put("atSeconds", seconds(event.elapsedNanos()))
                    .put("phase", event.phase().name().toLowerCase(Locale.ROOT))
                    .put("text", event.text());
        }
        result.remarks().forEach(report.withArray("remarks")::add);
        context.notes().forEach(report.withArray("notes")::add);
        ObjectNode environment = report.putObject("environment");
        context.environment().forEach(environment::put);
        return JSON.writeValueAsString(report) + "\n";
    }

    private static void experiment(ObjectNode node, Experiment experiment, ReportContext context) {
        node.put("id", experiment.id()).put("name", experiment.name());
        if (experiment.namespace() != null) {
            node.put("namespace", experiment.namespace());
        }
        node.put("hypothesis", experiment.hypothesis())
                .put(
                        "blastRadiusPercent",
                        Double.parseDouble(experiment.blastRadius().plain()))
                .put("production", experiment.isProduction())
                .put(
                        "cohortKey",
                        (experiment.cohortKey().kind().field() + " "
                                        + experiment.cohortKey().name())
                                .trim())
                .put("cohortSeed", experiment.cohortSeed())
                .put("durationSeconds", seconds(experiment.duration().toNanos()));
        if (experiment.seed() != null) {
            node.put("seed", experiment.seed());
        }
        if (experiment.overrideReason() != null) {
            node.put("overrideReason", experiment.overrideReason());
        }
        context.faults().forEach(node.withArray("faults")::add);
        node.withArray("slos");
        for (Slo slo : experiment.slos()) {
            node.withArray("slos").add(slo.text());
        }
    }

    private static void result(ObjectNode node, PhaseResult result) {
        Measure measure = result.condition().measure();
        boolean latency = measure != null && measure.isLatency();
        double unit = latency ? 1e6 : 1;
        node.put("condition", result.condition().name())
                .put("phase", result.phase().name().toLowerCase(Locale.ROOT))
                .put("population", result.population().name().toLowerCase(Locale.ROOT))
                .put("unit", measure == null ? "query" : latency ? "ms" : "ratio")
                .put("comparator", result.condition().comparison().sign())
                .put("target", result.condition().target() / unit);
        Double value = result.value();
        if (value == null) {
            node.putNull("value");
        } else {
            node.put("value", value / unit);
        }
        node.put("samples", result.samples())
                .put("finding", result.finding().name().toLowerCase(Locale.ROOT));
    }

    private static void point(ObjectNode node, TimelinePoint point) {
        node.put("atSeconds", seconds(point.elapsedNanos()))
                .put("intervalSeconds", seconds(point.intervalNanos()))
                .put("phase", point.phase().name().toLowerCase(Locale.ROOT))
                .put("touched", point.touched());
        ObjectNode services = node.putObject("services");
        new TreeMap<>(point.services()).forEach((name, counts) -> {
            ObjectNode service = services.putObject(name);
            counts(service.putObject("all"), counts.all());
            counts(service.putObject("exposed"), counts.exposed());
        });
        if (!point.queries().isEmpty()) {
            ObjectNode queries = node.putObject("queries");
            new TreeMap<>(point.queries()).forEach(queries::put);
        }
    }

    private static void counts(ObjectNode node, RequestCounts counts) {
        node.put("requests", counts.requests())
                .put("successes", counts.successes())
                .put("failures", counts.failures())
                .put("resets", counts.resets())
                .put("inFlight", counts.inFlight());
        put(node, "successRate", counts.successRate(), 1);
        put(node, "p50Millis", counts.latency().quantileMicros(0.50), 1000);
        put(node, "p95Millis", counts.latency().quantileMicros(0.95), 1000);
        put(node, "p99Millis", counts.latency().quantileMicros(0.99), 1000);
    }

    private static void put(ObjectNode node, String name, OptionalDouble value, double unit) {
        if (value.isPresent()) {
            node.put(name, Math.round(value.getAsDouble() / unit * 1e6) / 1e6);
        } else {
            node.putNull(name);
        }
    }

    private static double seconds(long nanos) {
        return Math.round(nanos / 1e6) / 1e3;
    }
}
