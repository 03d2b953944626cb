package dev.mishap.rules.experiment.engine;

import org.jspecify.annotations.Nullable;

/**
 * One condition over the whole of one phase, for the report.
 *
 * @param condition with its target resolved
 * @param population over whom
 * @param phase when
 * @param value in the unit of the measure; null without samples
 * @param samples requests behind the value; 0 for a query
 * @param finding over the whole phase
 */
public record PhaseResult(
        Condition condition,
        Population population,
        Phase phase,
        @Nullable Double value,
        long samples,
        Finding finding) {}
