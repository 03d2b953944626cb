package dev.mishap.proxy.xds;

import java.util.ArrayList;
import java.util.List;

/**
 * Something that must have had its first answer before what depends on it may be used. Several managers may wait for one target;
 * it is started once. Confined to the main loop once it is started.
 */
public final class InitTarget {
    private final String name;
    private final Runnable start;
    private final List<Runnable> waiting = new ArrayList<>();
    private boolean started;
    private boolean ready;

    /** @param start begins the work; it may call {@link #ready} before it returns */
    public InitTarget(String name, Runnable start) {
        this.name = name;
        this.start = start;
    }

    /** A target that is ready when {@code manager}'s are. */
    public static InitTarget of(String name, InitManager manager) {
        InitTarget[] made = new InitTarget[1];
        InitTarget target = new InitTarget(name, () -> manager.initialize(() -> made[0].ready()));
        made[0] = target;
        return target;
    }

    public String name() {
        return name;
    }

    public boolean isReady() {
        return ready;
    }

    /** The work is done, well or not. Further calls do nothing. */
    public void ready() {
        if (ready) {
            return;
        }
        ready = true;
        List<Runnable> all = List.copyOf(waiting);
        waiting.clear();
        all.forEach(Runnable::run);
    }

    void await(Runnable whenReady) {
        if (ready) {
            whenReady.run();
            return;
        }
        waiting.add(whenReady);
        if (!started) {
            started = true;
            start.run();
        }
    }
}
