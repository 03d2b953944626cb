package dev.mishap.rules.experiment.engine;

import dev.mishap.rules.experiment.RollbackTrigger;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * What the engine needs to know of an experiment; phases are already scaled.
 *
 * @param conditions what must hold; at least one
 * @param services the observed services: those of the conditions and those that are only watched for a spike of errors
 * @param baseline how long the steady state is looked at
 * @param baselineRequests how many requests of each observed service the baseline needs at least
 * @param baselineLimit how long the baseline may take until it has them
 * @param injection how long the faults are active, a ramp included (which the proxies do by the rule's schedule)
 * @param recoveryStable how long the conditions must hold without a break after the faults
 * @param recoveryLimit how long recovery may take
 * @param timeout of the injection
 * @param breachPolls how many breaching polls in succession make a breach
 * @param spike by how much success may fall under the baseline's, 0..1
 * @param lostPolls how many polls in succession may fail to read
 * @param rollbackOn what takes the faults back early
 */
public record Plan(
        List<Condition> conditions,
        Set<String> services,
        Duration baseline,
        long baselineRequests,
        Duration baselineLimit,
        Duration injection,
        Duration recoveryStable,
        Duration recoveryLimit,
        Duration timeout,
        int breachPolls,
        double spike,
        int lostPolls,
        Set<RollbackTrigger> rollbackOn) {
    public Plan {
        conditions = List.copyOf(conditions);
        services = Set.copyOf(services);
        rollbackOn = Set.copyOf(rollbackOn);
        if (conditions.isEmpty()) {
            throw new IllegalArgumentException("an experiment needs at least one condition to judge");
        }
    }
}
