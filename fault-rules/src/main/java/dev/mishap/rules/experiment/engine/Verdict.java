package dev.mishap.rules.experiment.engine;

import org.jspecify.annotations.Nullable;

/**
 * How an experiment ended.
 *
 * @param reason the class of the outcome
 * @param explanation one sentence with the figures
 * @param recovered whether the system was seen to be back in its steady state; null when that was not looked at
 */
public record Verdict(
        Reason reason, String explanation, @Nullable Boolean recovered) {
    /** The exit code of {@code mishap run}. */
    public int exitCode() {
        return reason.exitCode();
    }
}
