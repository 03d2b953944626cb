package dev.mishap.proxy.xds;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Waits for a set of targets: those of the process before its workers start, or those of one listener before it takes the place
 * of the one before it. Filled while a configuration is translated, then confined to the main loop.
 */
public final class InitManager {
    private final String name;
    private final List<InitTarget> targets = new ArrayList<>();
    private final Set<InitTarget> unready = new LinkedHashSet<>();
    private @Nullable Runnable done;
    private boolean initialized;
    private boolean cancelled;

    public InitManager(String name) {
        this.name = name;
    }

    /** Adds a target. Once {@link #initialize} has been called, it is started at once and waited for, too. */
    public void add(InitTarget target) {
        if (done == null) {
            targets.add(target);
        } else if (!initialized) {
            unready.add(target);
            target.await(() -> isReady(target));
        } else {
            target.await(() -> {});
        }
    }

    /** Starts all targets; {@code whenDone} runs when all are ready, before this returns if they are now. Called once. */
    public void initialize(Runnable whenDone) {
        done = whenDone;
        unready.addAll(targets);
        for (InitTarget target : List.copyOf(targets)) {
            target.await(() -> isReady(target));
        }
        targets.clear();
        finish();
    }

    private void isReady(InitTarget target) {
        unready.remove(target);
        if (targets.isEmpty()) {
            finish();
        }
    }

    private void finish() {
        Runnable d = done;
        if (d != null && unready.isEmpty() && !initialized && !cancelled) {
            initialized = true;
            d.run();
        }
    }

    /** Nobody waits any more. */
    public void cancel() {
        cancelled = true;
    }

    public boolean isInitialized() {
        return initialized;
    }

    public String name() {
        return name;
    }

    /** Names of what is waited for. */
    public List<String> unreadyNames() {
        return unready.stream().map(InitTarget::name).toList();
    }
}
