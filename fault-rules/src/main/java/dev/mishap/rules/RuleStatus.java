package dev.mishap.rules;

import java.util.Map;

/**
 * What a rule has done since it was installed. Each count includes the next: scoped ≥ cohort ≥ drawn = touched + wouldTouch +
 * suppressed.
 *
 * @param scoped requests that the scope matched
 * @param cohort of those, in the cohort
 * @param drawn of those, hit by the percentage
 * @param touched of those, given the fault
 * @param wouldTouch of those drawn, left alone because the rule is a dry run
 * @param activeFaults requests under the fault now
 */
public record RuleStatus(
        long scoped,
        long cohort,
        long drawn,
        long touched,
        long wouldTouch,
        long activeFaults,
        Map<Suppression, Long> suppressed) {
    public RuleStatus {
        suppressed = Map.copyOf(suppressed);
    }
}
