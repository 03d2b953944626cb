package dev.mishap.control.experiment;

import dev.mishap.rules.experiment.engine.Event;
import dev.mishap.rules.experiment.engine.FaultCounts;
import dev.mishap.rules.experiment.engine.PhaseResult;
import dev.mishap.rules.experiment.engine.TimelinePoint;
import dev.mishap.rules.experiment.engine.Verdict;
import java.time.Instant;
import java.util.List;

/**
 * All that a run found, for the reports.
 *
 * @param runId tells runs of one experiment apart
 * @param faults last counts of the rules
 * @param remarks what the reader of the report should know, such as a scaled time
 */
public record RunResult(
        RunPlan plan,
        String runId,
        Instant started,
        Instant ended,
        Verdict verdict,
        FaultCounts faults,
        List<PhaseResult> results,
        List<TimelinePoint> timeline,
        List<Event> events,
        List<String> remarks) {
    public RunResult {
        results = List.copyOf(results);
        timeline = List.copyOf(timeline);
        events = List.copyOf(events);
        remarks = List.copyOf(remarks);
    }
}
