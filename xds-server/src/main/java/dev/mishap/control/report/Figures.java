package dev.mishap.control.report;

import dev.mishap.rules.experiment.engine.Condition;
import dev.mishap.rules.experiment.engine.Measure;
import dev.mishap.rules.experiment.engine.PhaseResult;
import dev.mishap.rules.experiment.engine.Population;
import java.math.BigDecimal;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How numbers are written in all reports meant for people. */
final class Figures {
    private Figures() {}

    static String value(PhaseResult result) {
        return value(result.condition(), result.value());
    }

    static String target(Condition condition) {
        return condition.comparison().sign() + " " + value(condition, condition.target());
    }

    private static String value(Condition condition, @Nullable Double value) {
        if (value == null) {
            return "–";
        }
        Measure measure = condition.measure();
        if (measure == null) {
            return plain(value, 4);
        }
        return measure.isLatency() ? millis(value / 1e6) : percent(value);
    }

    /** A share as a percentage. */
    static String percent(double share) {
        return plain(share * 100, 2) + " %";
    }

    static String millis(double millis) {
        return plain(millis, millis < 10 ? 2 : 1) + " ms";
    }

    static String seconds(double nanos) {
        return String.format(Locale.ROOT, "%.1f s", nanos / 1e9);
    }

    static String samples(PhaseResult result) {
        return result.population() == Population.QUERY ? "query" : Long.toString(result.samples());
    }

    static String population(Population population) {
        switch (population) {
            case ALL:
                return "all traffic";
            case EXPOSED:
                return "exposed cohort";
            default:
                return "query";
        }
    }

    static String plain(double value, int digits) {
        if (Double.isInfinite(value) || Double.isNaN(value)) {
            return Double.toString(value);
        }
        String text = String.format(Locale.ROOT, "%." + digits + "f", value);
        BigDecimal number = new BigDecimal(text).stripTrailingZeros();
        return number.signum() == 0 ? "0" : number.toPlainString();
    }

    static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
