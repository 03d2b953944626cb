package dev.mishap.rules.experiment;

/** What makes a running experiment end early. */
public enum RollbackTrigger {
    /** An SLO was breached for as many polls as the experiment says. */
    SLO_BREACH,
    /** The success rate fell 10 points under the baseline for as many polls. */
    ERROR_RATE_SPIKE,
    /** The injection took longer than the experiment's time-out. */
    TIMEOUT,
    /** The metrics could not be read for as many polls. */
    LOST_METRICS
}
