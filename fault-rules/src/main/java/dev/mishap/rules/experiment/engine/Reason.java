package dev.mishap.rules.experiment.engine;

/** Why an experiment ended as it did, and the exit code of {@code mishap run} that says so. */
public enum Reason {
    HYPOTHESIS_HELD(0),
    SLO_BREACHED(1),
    ERROR_RATE_SPIKE(1),
    NOT_RECOVERED(1),
    NOT_IN_STEADY_STATE(2),
    TOO_LITTLE_TRAFFIC(2),
    NO_REQUEST_TOUCHED(2),
    TOO_FEW_SAMPLES(2),
    NOT_ANSWERED(2),
    LOST_METRICS(2),
    LOST_CONTACT(2),
    TIMED_OUT(2),
    RULE_REFUSED(2),
    BAD_INPUT(2),
    INTERRUPTED(130);

    private final int exitCode;

    Reason(int exitCode) {
        this.exitCode = exitCode;
    }

    /** 0 the hypothesis held, 1 it did not, 2 it could not be judged, 130 interrupted. */
    public int exitCode() {
        return exitCode;
    }
}
