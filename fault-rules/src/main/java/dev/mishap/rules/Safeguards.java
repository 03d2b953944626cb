package dev.mishap.rules;

/**
 * What holds for all rules of a data plane, whatever they say themselves.
 *
 * @param protection what they leave alone
 * @param dryRun whether all of them only decide and count
 * @param limits is told when one of them is held back by a limit
 */
public record Safeguards(Protection protection, boolean dryRun, LimitListener limits) {
    /** No protection, no dry run, nobody to tell. */
    public static final Safeguards NONE = new Safeguards(Protection.NONE, false, (rule, cause, status) -> {});

    /** Told of limits that are reached. */
    @FunctionalInterface
    public interface LimitListener {
        /**
         * A rule was held back by {@link Suppression#CAP}, {@link Suppression#CONCURRENCY} or {@link Suppression#RATE}, for the
         * first time since ten seconds without. Called on the thread that decided, so it must be quick.
         */
        void limited(FaultRule rule, Suppression cause, RuleStatus status);
    }
}
