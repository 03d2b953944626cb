package dev.mishap.proxy.rules;

import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What happens to rules at a time. Where the process ends, rules are still let go of, and there is no later any more: what was to happen then
 * does not.
 */
final class RuleTimers {
    private final ScheduledExecutorService executor;

    RuleTimers(ScheduledExecutorService executor) {
        this.executor = executor;
    }

    /** Runs {@code action} after so many nanoseconds, at once when they are not positive; null = never. */
    @Nullable
    Future<?> schedule(Runnable action, long nanos) {
        try {
            return executor.schedule(action, Math.max(0, nanos), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            return null;
        }
    }
}
