package dev.mishap.control.xds;

import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/** Name → watchers, so that a change is told to those whom it concerns without a look at the others. */
final class WatcherIndex {
    /** The value is a watcher or, when there are several, a set of them: most names of most layers have none or one. */
    private final Map<String, Object> byName = new HashMap<>();

    /** Whether it is the first of this name. */
    boolean add(String name, Watcher watcher) {
        Object before = byName.putIfAbsent(name, watcher);
        if (before == null || before == watcher) {
            return before == null;
        }
        if (before instanceof Watcher one) {
            Set<Watcher> several = Collections.newSetFromMap(new IdentityHashMap<>(2));
            several.add(one);
            several.add(watcher);
            byName.put(name, several);
        } else {
            several(before).add(watcher);
        }
        return false;
    }

    /** Whether it was the last of this name. */
    boolean remove(String name, Watcher watcher) {
        Object before = byName.get(name);
        if (before == watcher) {
            byName.remove(name);
            return true;
        }
        if (before != null && !(before instanceof Watcher)) {
            Set<Watcher> several = several(before);
            several.remove(watcher);
            if (several.isEmpty()) {
                byName.remove(name);
                return true;
            }
        }
        return false;
    }

    /** Those who watch this name itself; those of {@link DemandListener#ALL} are asked for by that name. */
    void collect(String name, Collection<Watcher> into) {
        Object who = byName.get(name);
        if (who instanceof Watcher one) {
            into.add(one);
        } else if (who != null) {
            into.addAll(several(who));
        }
    }

    void collectAll(Collection<Watcher> into) {
        byName.keySet().forEach(name -> collect(name, into));
    }

    @SuppressWarnings("unchecked")
    private static Set<Watcher> several(Object value) {
        return (Set<Watcher>) value;
    }
}
