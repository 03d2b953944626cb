package dev.mishap.control.experiment;

import dev.mishap.rules.Cohort;
import dev.mishap.rules.FaultRule;

/** How rules are written for the rules API. */
public interface RuleDocuments {
    /** The rule as a JSON document of kind FaultRule. */
    String rule(FaultRule rule);

    /** The body of an observer of all of a proxy's requests. */
    String observer(String experimentId, Cohort cohort);
}
