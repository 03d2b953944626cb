package dev.mishap.rules.experiment.engine;

import java.math.BigDecimal;
import java.util.Locale;

/** Sentences about conditions, for events and verdicts. */
final class Texts {
    private Texts() {}

    /** A condition that a whole phase did not meet. */
    static String missed(PhaseResult result) {
        Double value = result.value();
        return describe(result.condition(), result.population())
                + " was "
                + (value == null ? "not seen" : number(result.condition(), value))
                + (result.population() == Population.QUERY ? "" : " (" + result.samples() + " requests)");
    }

    static String breachingPoll(Judge judge, int polls) {
        return describe(judge.condition(), judge.population())
                + " is "
                + value(judge)
                + " ("
                + judge.streak()
                + " of "
                + polls
                + " polls that make a breach)";
    }

    static String breached(Judge judge, int polls) {
        return describe(judge.condition(), judge.population()) + " was breached in " + polls
                + " polls in succession, lastly " + value(judge);
    }

    static String tooFew(PhaseResult result, long needed) {
        return describe(result.condition(), result.population())
                + " cannot be judged from "
                + result.samples()
                + " requests ("
                + needed
                + " are needed)"
                + (result.population() == Population.EXPOSED && result.samples() == 0
                        ? ": does the service pass on the header that the cohort is made by, such as traceparent?"
                        : "");
    }

    /** A service that does not answer those who wait for it. */
    static String unanswered(Judge judge) {
        Waiting waiting = judge.waiting();
        return describe(judge.condition(), judge.population()) + ": no answer in " + waiting.polls()
                + " polls in succession, while " + waiting.unanswered() + " or more requests waited";
    }

    private static String describe(Condition condition, Population population) {
        switch (population) {
            case ALL:
                return condition.name() + " over all traffic";
            case EXPOSED:
                return condition.name() + " in the exposed cohort";
            default:
                return condition.name();
        }
    }

    private static String value(Judge judge) {
        Double value = judge.latestValue();
        return value == null ? "unknown" : number(judge.condition(), value);
    }

    /** In the unit that people give: latencies, which the engine counts in nanoseconds, in milliseconds. */
    private static String number(Condition condition, double value) {
        Measure measure = condition.measure();
        return measure != null && measure.isLatency() ? number(Math.round(value / 1e4) / 100.0) + " ms" : number(value);
    }

    private static String number(double value) {
        return new BigDecimal(String.format(Locale.ROOT, "%.4f", value))
                .stripTrailingZeros()
                .toPlainString();
    }
}
