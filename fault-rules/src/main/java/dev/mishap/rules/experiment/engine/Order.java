package dev.mishap.rules.experiment.engine;

/** What the caller of {@link ExperimentEngine} has to do next. */
public enum Order {
    /** Poll again after the poll interval. */
    WAIT,
    /** Put the rules, then report {@link ExperimentEngine#injected} or {@link ExperimentEngine#refused}. */
    INJECT,
    /** Take the rules back, then report {@link ExperimentEngine#rolledBack}. */
    ROLL_BACK,
    /** There is a verdict. */
    FINISH
}
