package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemException.FieldError;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.rules.RuleDocument;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.experiment.Experiment;
import java.util.List;

/** What is refused whoever asks for it. */
final class Policy {
    private Policy() {}

    /**
     * In production a rule touches at most 5 % of the traffic, or says why more.
     *
     * @throws ProblemException naming the field
     */
    static void check(RuleDocument document) {
        if (!Experiment.isProduction(document.namespace(), document.rule().labels())
                || document.overrideReason() != null) {
            return;
        }
        Percentage cap = document.rule().limits().maxTrafficPercent();
        if (cap != null && cap.compareTo(Experiment.PRODUCTION_LIMIT) <= 0) {
            return;
        }
        String limit = Experiment.PRODUCTION_LIMIT.plain();
        String problem = "must be at most " + limit + " in production, "
                + (cap == null ? "is absent" : "got " + cap.plain()) + "; more needs spec.override: {reason: …}";
        throw new ProblemException(
                        ProblemKind.FORBIDDEN,
                        "rule " + document.key() + " is for production (namespace prod, prod-*, or label "
                                + Experiment.ENVIRONMENT_LABEL + "=production): spec.limits.maxTrafficPercent "
                                + problem)
                .with(List.of(FieldError.of("spec.limits.maxTrafficPercent", problem)));
    }
}
