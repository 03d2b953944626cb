package dev.mishap.proxy.filter.http.admissioncontrol;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.route.match.RuntimeFlag;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import dev.mishap.proxy.transport.LoopLocal;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A filter's configuration and what it counts.
 *
 * @param aggression by which root the probability grows; at least 1, default 1
 * @param successRate percent of successes below which requests are refused; default 95
 * @param rps requests a second from which on any is refused; default 0
 * @param mostRejected percent of requests that are refused at most; default 80
 * @param history how requests went, for each loop, which decides for itself
 */
record AdmissionControlConfig(
        RuntimeFlag enabled,
        RuntimeNumber aggression,
        RuntimeNumber successRate,
        RuntimeNumber rps,
        RuntimeNumber mostRejected,
        SuccessCriteria criteria,
        LoopLocal<History> history,
        RandomSource random,
        Counter rejected,
        Counter success,
        Counter failure) {
    private static final long DEFAULT_WINDOW_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** The draws are of four decimal places. */
    private static final int ACCURACY = 10_000;

    static AdmissionControlConfig from(ConfigNode node, FilterContext context) {
        RuntimeNumber successRate = RuntimeNumber.ofPercent(node.message("sr_threshold"), 95);
        if (successRate.byDefault() < 1) {
            throw new ConfigException("Success rate threshold cannot be less than 1.0%.");
        }
        RuntimeFlag enabled = RuntimeFlag.from(node.message("enabled"));
        // Whole seconds. Envoy divides by them, so that its window is one at least, too.
        long window = Math.max(
                1, TimeUnit.NANOSECONDS.toSeconds(node.durationNanos("sampling_window", DEFAULT_WINDOW_NANOS)));
        Scope scope = context.scope().scope("admission_control.");
        return new AdmissionControlConfig(
                enabled == null ? RuntimeFlag.ON : enabled,
                RuntimeNumber.of(node.message("aggression"), 1),
                successRate,
                rps(node.message("rps_threshold")),
                RuntimeNumber.ofPercent(node.message("max_rejection_probability"), 80),
                new SuccessCriteria(node.required("success_criteria")),
                new LoopLocal<>(loop -> new History(window)),
                RandomSource.seeded(context.randomSeed()),
                scope.counter("rq_rejected"),
                scope.counter("rq_success"),
                scope.counter("rq_failure"));
    }

    private static RuntimeNumber rps(@Nullable ConfigNode node) {
        return node == null
                ? new RuntimeNumber("", 0)
                : new RuntimeNumber(node.string("runtime_key"), node.integer("default_value", 0));
    }

    /** Whether a request is refused that comes at {@code now}; draws. */
    boolean refuses(History history, RuntimeSnapshot runtime, long now) {
        if (history.averageRps(now) < rps.in(runtime)) {
            return false;
        }
        history.update(now);
        double threshold = Math.min(successRate.in(runtime), 100) / 100;
        double probability = (history.requests() - history.successes() / threshold) / (history.requests() + 1);
        double root = Math.max(1, aggression.in(runtime));
        if (root != 1) {
            probability = Math.pow(probability, 1 / root);
        }
        probability = Math.min(probability, mostRejected.in(runtime) / 100);
        return ACCURACY * Math.max(probability, 0) > Long.remainderUnsigned(random.next(), ACCURACY);
    }
}
