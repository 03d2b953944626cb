package dev.mishap.rules.experiment.engine;

/** Where an experiment stands. */
public enum Phase {
    /** Looking at the steady state; no fault is active. */
    BASELINE,
    /** The faults are active. */
    INJECTION,
    /** The faults have been taken back; is the system well again? */
    RECOVERY,
    /** There is a verdict. */
    DONE
}
