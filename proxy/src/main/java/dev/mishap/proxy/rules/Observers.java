package dev.mishap.proxy.rules;

import dev.mishap.proxy.rules.Leases.Lease;
import dev.mishap.rules.HeaderSlots;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The observers that are in place, each bound to a lease. Confined to the store's lock. */
final class Observers {
    static final int MAX = 100;

    private record Entry(Observer.Definition definition, Lease lease) {}

    private final Map<String, Entry> entries = new TreeMap<>();

    /** The lease of the observer of that name; null = there is none. */
    @Nullable
    Lease lease(String name) {
        Entry entry = entries.get(name);
        return entry == null ? null : entry.lease();
    }

    /** Whether there is no room for another. */
    boolean isFull() {
        return entries.size() >= MAX;
    }

    void put(Observer.Definition definition, Lease lease) {
        entries.put(definition.name(), new Entry(definition, lease));
    }

    boolean remove(String name) {
        return entries.remove(name) != null;
    }

    /** Ends those that are bound to one of these. */
    void endWith(Collection<Lease> over) {
        entries.values().removeIf(entry -> over.contains(entry.lease()));
    }

    void forEach(BiConsumer<String, Lease> each) {
        entries.forEach((name, entry) -> each.accept(name, entry.lease()));
    }

    /** All of them as requests ask them; one that is as it was goes on with its counts. */
    List<Observer> compile(ActiveRules before, HeaderSlots slots) {
        List<Observer> compiled = new ArrayList<>();
        for (Entry entry : entries.values()) {
            compiled.add(new Observer(entry.definition(), find(entry.definition(), before), slots));
        }
        return compiled;
    }

    private static @Nullable Observer find(Observer.Definition definition, ActiveRules among) {
        for (int i = 0; i < among.observerCount(); i++) {
            if (among.observer(i).definition().equals(definition)) {
                return among.observer(i);
            }
        }
        return null;
    }

    /** The observer of that name with its counts; null = there is none. */
    @Nullable
    Observer compiled(String name, ActiveRules published) {
        Entry entry = entries.get(name);
        if (entry == null) {
            return null;
        }
        Observer found = find(entry.definition(), published);
        if (found == null) {
            throw new IllegalStateException(name + " was not published");
        }
        return found;
    }
}
