package dev.mishap.rules.experiment.engine;

/** What one look at a condition found. */
public enum Finding {
    OK,
    BREACH,
    /** Too few requests to tell. */
    UNDECIDED
}
