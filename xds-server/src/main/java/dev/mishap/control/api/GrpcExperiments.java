package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.rules.RuleKey;
import dev.mishap.control.runs.RunRecord;
import dev.mishap.control.runs.RunRecords;
import dev.mishap.control.v1.DeleteRunRequest;
import dev.mishap.control.v1.ExperimentRun;
import dev.mishap.control.v1.ExperimentsGrpc;
import dev.mishap.control.v1.GetRunRequest;
import dev.mishap.control.v1.ListRunsRequest;
import dev.mishap.control.v1.ListRunsResponse;
import dev.mishap.control.v1.PutRunRequest;
import dev.mishap.control.v1.RunVerdict;
import io.grpc.stub.StreamObserver;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Runs of experiments over gRPC. */
final class GrpcExperiments extends ExperimentsGrpc.ExperimentsImplBase {
    private final GrpcCalls calls;

    GrpcExperiments(GrpcCalls calls) {
        this.calls = calls;
    }

    private static String namespace(String said) {
        return said.isEmpty() ? RuleKey.DEFAULT_NAMESPACE : said;
    }

    private static @Nullable String optional(String text) {
        return text.isEmpty() ? null : text;
    }

    @Override
    public void putRun(PutRunRequest request, StreamObserver<ExperimentRun> observer) {
        calls.answer(observer, caller -> {
            RunService runs = calls.parts().runs();
            if (!request.getReport().isEmpty()
                    && !Json.read(request.getReport()).isObject()) {
                throw ProblemException.invalid("report", "expected an object");
            }
            RunService.Told told;
            try {
                told = new RunService.Told(
                        new RunRecord.Experiment(
                                request.getExperimentId(), request.getExperimentName(), request.getHypothesis()),
                        RunRecord.Phase.parse(request.getPhase()),
                        verdict(request),
                        optional(request.getReport()));
            } catch (IllegalArgumentException e) {
                throw new ProblemException(ProblemKind.INVALID, String.valueOf(e.getMessage()));
            }
            String namespace = namespace(request.getNamespace());
            runs.put(caller, namespace, request.getName(), told);
            return message(runs, runs.get(caller, namespace, request.getName())).build();
        });
    }

    private static RunRecord.@Nullable Verdict verdict(PutRunRequest request) {
        if (!request.hasVerdict()) {
            return null;
        }
        RunVerdict verdict = request.getVerdict();
        return new RunRecord.Verdict(
                verdict.getExitCode(),
                verdict.getReason(),
                verdict.getExplanation(),
                verdict.hasRecovered() ? (Boolean) verdict.getRecovered() : null);
    }

    private static ExperimentRun.Builder message(RunService runs, RunRecord run) {
        ExperimentRun.Builder message = ExperimentRun.newBuilder()
                .setNamespace(run.namespace())
                .setName(run.name())
                .setExperimentId(run.experiment().id())
                .setExperimentName(run.experiment().name())
                .setHypothesis(run.experiment().hypothesis())
                .setPhase(runs.phase(run))
                .setStarted(GrpcMessages.time(run.started()))
                .setUpdated(GrpcMessages.time(run.updated()))
                .setBy(run.by())
                .setFrom(run.from());
        run.phases()
                .forEach(step ->
                        message.addPhasesBuilder().setPhase(step.phase().word()).setAt(GrpcMessages.time(step.at())));
        Instant ended = run.ended();
        if (ended != null) {
            message.setEnded(GrpcMessages.time(ended));
        }
        RunRecord.Verdict verdict = run.verdict();
        if (verdict != null) {
            RunVerdict.Builder told = message.getVerdictBuilder()
                    .setExitCode(verdict.exitCode())
                    .setReason(verdict.reason())
                    .setExplanation(verdict.explanation());
            Boolean recovered = verdict.recovered();
            if (recovered != null) {
                told.setRecovered(recovered);
            }
        }
        return message;
    }

    @Override
    public void getRun(GetRunRequest request, StreamObserver<ExperimentRun> observer) {
        calls.answer(observer, caller -> {
            RunService runs = calls.parts().runs();
            RunRecord run = runs.get(caller, namespace(request.getNamespace()), request.getName());
            return message(runs, run).setReport(runs.report(run)).build();
        });
    }

    @Override
    public void listRuns(ListRunsRequest request, StreamObserver<ListRunsResponse> observer) {
        calls.answer(observer, caller -> {
            int limit = request.getPageSize() == 0 ? RunService.DEFAULT_LIMIT : request.getPageSize();
            if (limit < 1 || limit > RunService.MAX_LIMIT) {
                throw ProblemException.invalid("page_size", "must be from 1 to " + RunService.MAX_LIMIT);
            }
            RunService runs = calls.parts().runs();
            RunRecords.Listing part = runs.list(
                    caller,
                    optional(request.getNamespace()),
                    optional(request.getExperimentId()),
                    limit,
                    optional(request.getPageToken()));
            ListRunsResponse.Builder response = ListRunsResponse.newBuilder();
            part.runs().forEach(run -> response.addRuns(message(runs, run)));
            String next = part.next();
            return next == null
                    ? response.build()
                    : response.setNextPageToken(next).build();
        });
    }

    @Override
    public void deleteRun(DeleteRunRequest request, StreamObserver<ExperimentRun> observer) {
        calls.answer(observer, caller -> {
            RunService runs = calls.parts().runs();
            return message(runs, runs.delete(caller, namespace(request.getNamespace()), request.getName()))
                    .build();
        });
    }
}
