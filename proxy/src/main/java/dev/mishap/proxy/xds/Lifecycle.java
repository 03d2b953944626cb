package dev.mishap.proxy.xds;

import java.util.ArrayList;
import java.util.List;

/**
 * The life of one listener, for those that are part of it: what it waits for before it may serve, and what ends with it. A
 * filter's configuration finds it by {@code context.service(Lifecycle.class)}.
 */
public final class Lifecycle {
    private final InitManager init;
    private final List<Runnable> atEnd = new ArrayList<>();

    public Lifecycle(InitManager init) {
        this.init = init;
    }

    /** Where to add what must be there before the first request. */
    public InitManager init() {
        return init;
    }

    /** Has {@code action} run on the main loop when the listener is gone and its connections too. */
    public void onEnd(Runnable action) {
        atEnd.add(action);
    }

    /** The end; once. */
    public void end() {
        init.cancel();
        List<Runnable> all = List.copyOf(atEnd);
        atEnd.clear();
        all.forEach(Runnable::run);
    }
}
