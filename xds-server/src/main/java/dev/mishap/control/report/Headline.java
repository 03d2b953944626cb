package dev.mishap.control.report;

import dev.mishap.rules.experiment.engine.Finding;
import dev.mishap.rules.experiment.engine.Verdict;

/** Outcomes in a few words. */
public final class Headline {
    private Headline() {}

    public static String of(Verdict verdict) {
        switch (verdict.exitCode()) {
            case 0:
                return "the hypothesis held";
            case 1:
                return "the hypothesis did not hold";
            case 130:
                return "interrupted";
            default:
                return "could not be judged";
        }
    }

    static String of(Finding finding) {
        switch (finding) {
            case OK:
                return "held";
            case BREACH:
                return "breached";
            default:
                return "too few samples";
        }
    }
}
