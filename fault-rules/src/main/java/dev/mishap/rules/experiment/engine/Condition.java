package dev.mishap.rules.experiment.engine;

import dev.mishap.rules.experiment.Slo;
import org.jspecify.annotations.Nullable;

/**
 * Something that must hold while the experiment runs: a service level objective, in the engine's terms.
 *
 * @param name as the report shows it, for example {@code checkout_success_rate >= 0.95}
 * @param service the observed service, or null when the value comes from a query
 * @param measure what is looked at; null for a query
 * @param query the query's name; null for a service's measure
 * @param comparison value to target
 * @param target in the unit of the measure or query; when {@code relative}, a factor of the baseline's value
 * @param relative whether the target is known only after the baseline
 */
public record Condition(
        String name,
        @Nullable String service,
        @Nullable Measure measure,
        @Nullable String query,
        Slo.Comparator comparison,
        double target,
        boolean relative) {
    public Condition {
        if ((service == null) == (query == null) || (service == null) != (measure == null)) {
            throw new IllegalArgumentException(
                    name + ": a condition looks either at a measure of a service or at a query");
        }
    }

    /** A measure of a service, judged over all its traffic and over the exposed cohort. */
    public static Condition ofService(
            String name, String service, Measure measure, Slo.Comparator comparison, double target) {
        return new Condition(name, service, measure, null, comparison, target, false);
    }

    /** A measure of a service against {@code factor} times its value in the baseline. */
    public static Condition relativeToBaseline(
            String name, String service, Measure measure, Slo.Comparator comparison, double factor) {
        return new Condition(name, service, measure, null, comparison, factor, true);
    }

    /** The value of a query. */
    public static Condition ofQuery(String name, String query, Slo.Comparator comparison, double target) {
        return new Condition(name, null, null, query, comparison, target, false);
    }

    boolean wantsHigh() {
        return comparison == Slo.Comparator.AT_LEAST || comparison == Slo.Comparator.MORE_THAN;
    }

    boolean wantsLow() {
        return comparison == Slo.Comparator.AT_MOST || comparison == Slo.Comparator.LESS_THAN;
    }

    /** The same condition with the target that a baseline's value gives it. */
    Condition resolved(double baselineValue) {
        return relative
                ? new Condition(name, service, measure, query, comparison, target * baselineValue, false)
                : this;
    }
}
