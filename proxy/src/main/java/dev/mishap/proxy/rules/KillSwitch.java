package dev.mishap.proxy.rules;

import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns every fault of the process off, whatever asked for it: rules of any kind, and the fault filters of the configuration. It is on
 * while there is a cause, and a cause ends by what set it: the file by its removal; a signal and a call of the API by a call.
 * Rules stay where they are, and their leases and ttls run on.
 *
 * <p>{@link #isOn} is one volatile read, for whatever decides about faults. What is held back already is let go of.
 */
public final class KillSwitch {
    private static final Logger LOG = LoggerFactory.getLogger("mishap");

    /** What turned it on. */
    public enum Cause {
        FILE("file"),
        SIGNAL("signal"),
        API("api");

        private final String field;

        Cause(String field) {
            this.field = field;
        }

        /** The name in answers of the API. */
        public String field() {
            return field;
        }
    }

    /** Told of every change, on the thread that made it. */
    public interface Listener {
        /** It is on; at once, before anything else is done about it. */
        void killed(String why);

        /** No cause is left. */
        void armed(String why);
    }

    private final Holds holds = new Holds(this);
    private final CopyOnWriteArrayList<Listener> listeners = new CopyOnWriteArrayList<>();
    private volatile Map<Cause, Instant> causes = Map.of();
    private volatile boolean on;
    private volatile @Nullable String file;

    /** Whether no fault may happen. */
    public boolean isOn() {
        return on;
    }

    /** What to let go of when it is turned on. */
    public Holds holds() {
        return holds;
    }

    public void listen(Listener listener) {
        listeners.add(listener);
    }

    /** Why it is on, and since when; empty while it is off. */
    public Map<Cause, Instant> causes() {
        return causes;
    }

    /** The file that is watched; null = none. */
    public @Nullable String file() {
        return file;
    }

    /** Tells of the file that is watched. */
    public void file(String path) {
        file = path;
    }

    /** Turns it on, or adds a cause. Any thread; when it returns nothing new is touched, and what is held is about to go on. */
    public synchronized void kill(Cause cause, String why) {
        boolean first = !on;
        on = true;
        if (causes.containsKey(cause)) {
            return;
        }
        Map<Cause, Instant> more = new EnumMap<>(Cause.class);
        more.putAll(causes);
        more.put(cause, Instant.now());
        causes = Collections.unmodifiableMap(more);
        LOG.warn("kill switch: all faults are off ({})", why);
        if (first) {
            listeners.forEach(listener -> listener.killed(why));
            holds.letGo();
        }
    }

    /** Takes a cause away; without one left faults are armed again. */
    public synchronized void arm(Cause cause, String why) {
        if (!causes.containsKey(cause)) {
            return;
        }
        Map<Cause, Instant> less = new EnumMap<>(causes);
        less.remove(cause);
        causes = Collections.unmodifiableMap(less);
        if (less.isEmpty()) {
            on = false;
            LOG.warn("kill switch: faults are armed again ({})", why);
            listeners.forEach(listener -> listener.armed(why));
        }
    }
}
