package dev.mishap.rules;

import java.util.function.LongSupplier;

/**
 * A rule in place.
 *
 * @param installedNanos when, on the clock that {@code decide} is given
 * @param seed of its draws
 */
public record InstalledRule(FaultRule rule, long installedNanos, long seed) {
    /**
     * Installs a rule now.
     *
     * @param random gives the seed of a rule that has none
     */
    public static InstalledRule of(FaultRule rule, long nowNanos, LongSupplier random) {
        Long seed = rule.seed();
        return new InstalledRule(rule, nowNanos, seed == null ? random.getAsLong() : seed);
    }
}
