package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.runs.RunRecord;
import dev.mishap.control.runs.RunRecords;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Role;
import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.StoreException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Runs of experiments, whichever protocol tells of them or asks for them. Blocks until the store has answered. */
final class RunService {
    static final int DEFAULT_LIMIT = 100;
    static final int MAX_LIMIT = 500;
    /** Bytes of a report in UTF-8. */
    private static final int MAX_REPORT = 900 << 10;

    private static final JsonMapper JSON = new JsonMapper();

    private final RunRecords runs;
    private final InstantSource clock;

    RunService(RunRecords runs, InstantSource clock) {
        this.runs = runs;
        this.clock = clock;
    }

    /** What a runner tells. @param report in JSON; null = none yet */
    record Told(
            RunRecord.Experiment experiment,
            RunRecord.Phase phase,
            RunRecord.@Nullable Verdict verdict,
            @Nullable String report) {}

    /** Makes the record, or brings it up to date; a run that is over does not change any more. Whether it is new. */
    boolean put(Caller caller, String namespace, String name, Told told) {
        RuleService.requireNamespace(namespace);
        caller.requireWithin(Role.OPERATOR, namespace);
        if ((told.verdict() != null) != (told.phase() == RunRecord.Phase.DONE)) {
            throw ProblemException.invalid("verdict", "goes with the phase done, and with no other");
        }
        if (told.report() != null && Bytes.utf8(told.report()).length() > MAX_REPORT) {
            throw new ProblemException(
                    ProblemKind.TOO_LARGE, "report: is larger than " + MAX_REPORT + " bytes; leave its timeline out");
        }
        List<RunRecords.Known> known = RuleService.await(() -> runs.find(namespace, name));
        Instant now = clock.instant();
        RunRecord before = known.isEmpty() ? null : known.get(0).record();
        if (before != null && !before.by().equals(caller.name())) {
            throw new ProblemException(ProblemKind.FORBIDDEN, "the run " + before.key() + " is of " + before.by());
        }
        if (before != null && before.phase() == RunRecord.Phase.DONE) {
            throw new ProblemException(ProblemKind.CONFLICT, "the run " + before.key() + " is over");
        }
        if (before != null && told.phase().compareTo(before.phase()) < 0) {
            throw ProblemException.invalid(
                    "phase",
                    "is " + before.phase().word() + " already, and does not go back to "
                            + told.phase().word());
        }
        List<RunRecord.Step> steps = new ArrayList<>(before == null ? List.of() : before.phases());
        if (before == null || before.phase() != told.phase()) {
            steps.add(new RunRecord.Step(told.phase(), now));
        }
        RunRecord record;
        try {
            record = new RunRecord(
                    namespace,
                    name,
                    before == null ? told.experiment() : before.experiment(),
                    steps,
                    now,
                    caller.name(),
                    caller.address(),
                    told.verdict());
        } catch (IllegalArgumentException e) {
            throw new ProblemException(ProblemKind.INVALID, String.valueOf(e.getMessage()));
        }
        long revision = known.isEmpty() ? 0 : known.get(0).revision();
        RuleService.await(() -> runs.put(record, revision, told.report()).exceptionally(failure -> {
            if (StoreException.unwrap(failure) instanceof StoreException.Conflict) {
                throw new ProblemException(ProblemKind.CONFLICT, "the run has changed at this moment; try again");
            }
            throw new java.util.concurrent.CompletionException(StoreException.unwrap(failure));
        }));
        return before == null;
    }

    RunRecord get(Caller caller, String namespace, String name) {
        RuleService.requireViewer(caller, namespace);
        List<RunRecords.Known> known = RuleService.await(() -> runs.find(namespace, name));
        if (known.isEmpty()) {
            throw new ProblemException(
                    ProblemKind.NOT_FOUND, "there is no run " + namespace + '/' + name + " of an experiment");
        }
        return known.get(0).record();
    }

    /** In JSON; empty = there is none. */
    String report(RunRecord run) {
        return RuleService.await(() -> runs.report(run.namespace(), run.name()));
    }

    /** Those that the caller may see. */
    RunRecords.Listing list(
            Caller caller,
            @Nullable String namespace,
            @Nullable String experimentId,
            int limit,
            @Nullable String after) {
        RuleService.requireViewer(caller, namespace);
        if (after != null && !after.matches("[!-~]{1,320}")) {
            throw ProblemException.invalid("continue", "is none that this server has given");
        }
        RunRecords.Listing part = RuleService.await(() -> runs.list(namespace, after, limit));
        return new RunRecords.Listing(
                part.runs().stream()
                        .filter(run -> caller.mayWithin(Role.VIEWER, run.namespace()))
                        .filter(run -> experimentId == null
                                || experimentId.equals(run.experiment().id()))
                        .toList(),
                part.next());
    }

    RunRecord delete(Caller caller, String namespace, String name) {
        caller.requireWithin(Role.OPERATOR, namespace);
        RunRecord run = get(caller, namespace, name);
        RuleService.await(() -> runs.delete(run, caller.name(), caller.address()));
        return run;
    }

    /** As it is told: a run without a sign of life is lost. */
    String phase(RunRecord run) {
        return run.lost(clock.instant()) ? "lost" : run.phase().word();
    }

    Map<String, Object> document(RunRecord run, boolean withReport) {
        Map<String, Object> document = Documents.map(
                "apiVersion", "mishap.dev/v1",
                "kind", "ExperimentRun",
                "metadata", Documents.map("name", run.name(), "namespace", run.namespace()),
                "experiment",
                        Documents.map(
                                "id", run.experiment().id(),
                                "name", run.experiment().name(),
                                "hypothesis", run.experiment().hypothesis()),
                "by", run.by(),
                "from", run.from(),
                "phase", phase(run),
                "started", run.started().toString(),
                "updated", run.updated().toString());
        Instant ended = run.ended();
        if (ended != null) {
            document.put("ended", ended.toString());
        }
        List<Object> phases = new ArrayList<>();
        run.phases()
                .forEach(step -> phases.add(Documents.map(
                        "phase", step.phase().word(), "at", step.at().toString())));
        document.put("phases", phases);
        RunRecord.Verdict verdict = run.verdict();
        if (verdict != null) {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("exitCode", verdict.exitCode());
            told.put("reason", verdict.reason());
            told.put("explanation", verdict.explanation());
            Boolean recovered = verdict.recovered();
            if (recovered != null) {
                told.put("recovered", recovered);
            }
            document.put("verdict", told);
        }
        String report = withReport ? report(run) : "";
        if (!report.isEmpty()) {
            document.put("report", JSON.readValue(report, Map.class));
        }
        return document;
    }
}
