package dev.mishap.rules.experiment.engine;

/**
 * What the targets' proxies counted of the experiment's rules, since the rules were put.
 *
 * @param scoped requests that the scope matched
 * @param cohort of those, in the cohort
 * @param drawn of those, hit by the percentage
 * @param touched of those, on which the fault was executed
 * @param suppressedByCap drawn, but over the cap on the share of traffic
 * @param suppressedOtherwise drawn, but over the limit of concurrent faults or of the rate, or outside the schedule
 */
public record FaultCounts(
        long scoped, long cohort, long drawn, long touched, long suppressedByCap, long suppressedOtherwise) {
    /** Nothing counted. */
    public static final FaultCounts NONE = new FaultCounts(0, 0, 0, 0, 0, 0);

    /** The sum, as for several proxies. */
    public FaultCounts plus(FaultCounts other) {
        return new FaultCounts(
                scoped + other.scoped,
                cohort + other.cohort,
                drawn + other.drawn,
                touched + other.touched,
                suppressedByCap + other.suppressedByCap,
                suppressedOtherwise + other.suppressedOtherwise);
    }
}
