package dev.mishap.control.api;

import static dev.mishap.control.api.Documents.map;

import dev.mishap.control.http.Answer;
import dev.mishap.control.http.Exchange;
import dev.mishap.control.http.MediaType;
import dev.mishap.control.http.Route;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.runs.RunRecord;
import dev.mishap.control.runs.RunRecords;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Runs of experiments over REST. */
final class RunsResource {
    private static final String RUNS = "/api/v1/namespaces/{namespace}/experiments";
    private static final String RUN = RUNS + "/{name}";

    private final RunService runs;

    RunsResource(RunService runs) {
        this.runs = runs;
    }

    List<Route> routes() {
        return List.of(
                listing(Route.of("GET", "/api/v1/experiments", e -> list(e, null)))
                        .doc("listAllRuns", "experiments", "List the runs of experiments of all namespaces", ""),
                listing(Route.of("GET", RUNS, e -> list(e, e.path("namespace"))))
                        .doc("listRuns", "experiments", "List the runs of experiments of a namespace", ""),
                Route.of("GET", RUN, this::get)
                        .doc("getRun", "experiments", "Get a run of an experiment, with its report", "")
                        .answers(200, "The run.", "ExperimentRun", null)
                        .problems(ProblemKind.FORBIDDEN, ProblemKind.NOT_FOUND),
                Route.of("PUT", RUN, this::put)
                        .doc(
                                "putRun",
                                "experiments",
                                "Tell of a run: that it begins, how far it is, what it came to",
                                "For whoever runs it, such as `mishap run --server`. With the phase done, and the verdict, it is over and"
                                        + " changes no more. One that is not heard of for a minute is lost.")
                        .body(List.of(MediaType.JSON), true, "RunNews", Examples.RUN)
                        .answers(200, "It is recorded.", "ExperimentRun", null)
                        .answers(201, "It is recorded, and new.", "ExperimentRun", null)
                        .problems(ProblemKind.FORBIDDEN, ProblemKind.CONFLICT),
                Route.of("DELETE", RUN, this::delete)
                        .doc(
                                "deleteRun",
                                "experiments",
                                "Delete the record of a run",
                                "What it did stays in the audit log.")
                        .answers(200, "The run as it was.", "ExperimentRun", null)
                        .problems(ProblemKind.FORBIDDEN, ProblemKind.NOT_FOUND));
    }

    private static Route listing(Route route) {
        Map<String, Object> text = Map.of("type", "string");
        return route.query("experimentId", "Runs of this experiment.", text)
                .query(
                        "limit",
                        "How many at most.",
                        Map.of(
                                "type",
                                "integer",
                                "minimum",
                                1,
                                "maximum",
                                RunService.MAX_LIMIT,
                                "default",
                                RunService.DEFAULT_LIMIT))
                .query("continue", "Goes on with a listing: metadata.continue of the part before.", text)
                .answers(200, "The runs, in the order of namespace and name, without their reports.", "RunList", null)
                .problems(ProblemKind.FORBIDDEN);
    }

    private Answer list(Exchange exchange, @Nullable String namespace) {
        RunRecords.Listing part = runs.list(
                exchange.caller(),
                namespace,
                exchange.query().get("experimentId"),
                (int) exchange.query().number("limit", RunService.DEFAULT_LIMIT, 1, RunService.MAX_LIMIT),
                exchange.query().get("continue"));
        Map<String, Object> metadata = part.next() == null ? map() : map("continue", part.next());
        return Answer.document(
                200,
                map(
                        "apiVersion",
                        "mishap.dev/v1",
                        "kind",
                        "ExperimentRunList",
                        "metadata",
                        metadata,
                        "items",
                        part.runs().stream()
                                .map(run -> runs.document(run, false))
                                .toList()));
    }

    private Answer get(Exchange exchange) {
        return Answer.document(
                200,
                runs.document(runs.get(exchange.caller(), exchange.path("namespace"), exchange.path("name")), true));
    }

    private Answer put(Exchange exchange) {
        JsonNode body = Json.object(exchange.body(), Set.of("experiment", "phase", "verdict", "report"));
        JsonNode report = body.get("report");
        if (report != null && !report.isObject()) {
            throw ProblemException.invalid("report", "expected an object");
        }
        RunService.Told told;
        try {
            JsonNode experiment = Json.object(body.path("experiment").toString(), Set.of("id", "name", "hypothesis"));
            told = new RunService.Told(
                    new RunRecord.Experiment(
                            Json.text(experiment, "id"),
                            Json.text(experiment, "name"),
                            Json.text(experiment, "hypothesis")),
                    RunRecord.Phase.parse(Json.text(body, "phase")),
                    verdict(body.get("verdict")),
                    report == null ? null : report.toString());
        } catch (IllegalArgumentException e) {
            throw new ProblemException(ProblemKind.INVALID, String.valueOf(e.getMessage()));
        }
        String namespace = exchange.path("namespace");
        String name = exchange.path("name");
        boolean created = runs.put(exchange.caller(), namespace, name, told);
        return Answer.document(created ? 201 : 200, runs.document(runs.get(exchange.caller(), namespace, name), false));
    }

    private static RunRecord.@Nullable Verdict verdict(@Nullable JsonNode node) {
        if (node == null || node.isNull()) {
            return null;
        }
        JsonNode verdict = Json.object(node.toString(), Set.of("exitCode", "reason", "explanation", "recovered"));
        JsonNode code = verdict.path("exitCode");
        if (!code.isInt() || code.asInt() < 0 || code.asInt() > 255) {
            throw ProblemException.invalid("verdict.exitCode", "expected a number from 0 to 255");
        }
        JsonNode recovered = verdict.path("recovered");
        return new RunRecord.Verdict(
                code.asInt(),
                Json.text(verdict, "reason"),
                Json.text(verdict, "explanation"),
                recovered.isBoolean() ? (Boolean) recovered.asBoolean() : null);
    }

    private Answer delete(Exchange exchange) {
        return Answer.document(
                200,
                runs.document(
                        runs.delete(exchange.caller(), exchange.path("namespace"), exchange.path("name")), false));
    }
}
