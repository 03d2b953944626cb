package dev.mishap.rules.experiment.engine;

/**
 * Something that happened in the run, for the log and the report.
 *
 * @param elapsedNanos since the start of the run
 * @param phase in which it happened
 * @param text one line
 */
public record Event(long elapsedNanos, Phase phase, String text) {}
