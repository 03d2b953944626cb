package dev.mishap.control.experiment;

import java.net.URI;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run knows beside its experiment: where the proxies and the metrics are.
 *
 * @param targets admin addresses of the proxies in front of each service that faults act on
 * @param observed the same for the services that are watched
 * @param prometheus where queries go; null = nowhere
 * @param queries PromQL by the name of the metric that it gives; wins over what the proxies see
 * @param token for the rules API of proxies that want one; null = none
 * @param timeScale factor on the lengths of the phases, more than 0, at most 1
 * @param dryRun whether nothing is touched, and what is counted as touched is what would have been
 */
public record RunOptions(
        Map<String, List<URI>> targets,
        Map<String, List<URI>> observed,
        @Nullable URI prometheus,
        Map<String, String> queries,
        @Nullable String token,
        double timeScale,
        boolean dryRun) {
    /** Options of a run that touches what it says. */
    public RunOptions(
            Map<String, List<URI>> targets,
            Map<String, List<URI>> observed,
            @Nullable URI prometheus,
            Map<String, String> queries,
            @Nullable String token,
            double timeScale) {
        this(targets, observed, prometheus, queries, token, timeScale, false);
    }

    public RunOptions {
        targets = Map.copyOf(targets);
        observed = Map.copyOf(observed);
        queries = Map.copyOf(queries);
        if (!(timeScale > 0 && timeScale <= 1)) {
            throw new IllegalArgumentException("time scale must be more than 0 and at most 1, got " + timeScale);
        }
    }
}
