package dev.mishap.rules.experiment;

import dev.mishap.rules.Percentage;
import dev.mishap.rules.Scope;
import dev.mishap.rules.fault.Fault;

/**
 * One fault of an experiment.
 *
 * @param target the service in front of which it acts
 * @param scope which of the target's requests; its cohort is the experiment's own
 * @param percentage the share of the cohort's requests that get the fault; default 100 %
 */
public record Injection(String target, Scope scope, Percentage percentage, Fault fault) {
    public Injection {
        scope.requireFit(fault);
    }
}
