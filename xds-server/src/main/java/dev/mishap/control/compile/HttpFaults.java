package dev.mishap.control.compile;

import dev.mishap.control.base.MessageReader;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Targets;
import dev.mishap.rules.envoy.HttpFault;
import dev.mishap.rules.schedule.Schedule;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A rule as the message of Envoy's fault filter. Where it acts (listeners, routes, clusters) and when (ttl, schedule) is not in the
 * message: the server sees to that.
 */
final class HttpFaults {
    private HttpFaults() {}

    /** The fields of the rule that no fault filter can honour wherever it is put, and why. */
    static List<String> inexpressible(FaultRule rule) {
        return HttpFault.inexpressible(core(rule, true));
    }

    /**
     * The message.
     *
     * @param millionths the percentage for now
     * @param runtimeKey what the runtime's share is called, which then holds instead; empty = none
     * @param placed whether clusters are told apart by where the message is put
     */
    static HTTPFault of(FaultRule rule, int millionths, String runtimeKey, boolean placed) {
        Map<String, Object> filter = HttpFault.filter(core(rule, placed));
        Map<Object, Object> config = new LinkedHashMap<>((Map<?, ?>) filter.get("typed_config"));
        config.remove("@type");
        HTTPFault.Builder fault = MessageReader.read(config, HTTPFault.newBuilder(), rule.name());
        FractionalPercent share = share(millionths);
        if (fault.hasAbort()) {
            fault.getAbortBuilder().setPercentage(share);
            fault.setAbortPercentRuntime(runtimeKey);
        }
        if (fault.hasDelay()) {
            fault.getDelayBuilder().setPercentage(share);
            fault.setDelayPercentRuntime(runtimeKey);
        }
        if (fault.hasResponseRateLimit()) {
            fault.getResponseRateLimitBuilder().setPercentage(share);
            fault.setResponseRateLimitPercentRuntime(runtimeKey);
        }
        return fault.build();
    }

    static FractionalPercent share(int millionths) {
        boolean whole = millionths % 10_000 == 0;
        return FractionalPercent.newBuilder()
                .setNumerator(whole ? millionths / 10_000 : millionths)
                .setDenominator(
                        whole ? FractionalPercent.DenominatorType.HUNDRED : FractionalPercent.DenominatorType.MILLION)
                .build();
    }

    /** The rule without what the server sees to. */
    private static FaultRule core(FaultRule rule, boolean placed) {
        Scope scope = rule.scope();
        boolean byPlace = placed || scope.clusters().size() > 1;
        Scope bare = new Scope(
                List.of(),
                byPlace ? List.of() : scope.clusters(),
                List.of(),
                scope.methods(),
                scope.path(),
                scope.headers(),
                scope.source(),
                scope.cohort(),
                scope.sni(),
                scope.destination(),
                scope.question());
        return new FaultRule(
                rule.name(),
                rule.labels(),
                rule.experimentId(),
                rule.priority(),
                bare,
                Percentage.FULL,
                rule.fault(),
                rule.limits(),
                Schedule.ALWAYS,
                null,
                rule.seed(),
                rule.tag(),
                Targets.ALL,
                rule.dryRun());
    }
}
