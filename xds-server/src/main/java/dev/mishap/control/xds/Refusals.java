package dev.mishap.control.xds;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a client has refused. A refused resource is held until it changes. A client may drop all of a response for one bad resource in it,
 * so the others go again, in halves, until the bad ones are found or it has cost enough; nothing that was refused alone goes again.
 */
final class Refusals {
    /** Of one refused response. Each bad resource costs the logarithm of the response's size, twice. */
    private static final int MAX_RETRIES = 64;

    private final Set<String> bad = new HashSet<>(0);
    private final Deque<List<String>> retries = new ArrayDeque<>(0);
    private List<String> underWay = List.of();
    private int left = MAX_RETRIES;

    /** These go out; what they replace may have been bad. */
    void sent(Collection<Resource> resources, boolean parted) {
        List<String> names = new ArrayList<>(parted ? resources.size() : 0);
        for (Resource resource : resources) {
            bad.remove(resource.name());
            if (parted) {
                names.add(resource.name());
            }
        }
        underWay = names.isEmpty() ? List.of() : names;
    }

    void accepted() {
        underWay = List.of();
        if (retries.isEmpty()) {
            left = MAX_RETRIES;
        }
    }

    void refused() {
        List<String> names = underWay;
        underWay = List.of();
        if (names.size() > 1 && left >= 2) {
            left -= 2;
            int half = names.size() / 2;
            retries.addFirst(List.copyOf(names.subList(half, names.size())));
            retries.addFirst(List.copyOf(names.subList(0, half)));
        } else {
            bad.addAll(names);
        }
    }

    boolean retrying() {
        return !retries.isEmpty();
    }

    List<String> nextRetry() {
        return retries.getFirst();
    }

    /** The next retry is under way, or nothing is left of it. */
    void retried() {
        retries.removeFirst();
    }

    boolean isBad(String name) {
        return bad.contains(name);
    }

    /** Whether the client may have another resource of this name than the one that it was sent. */
    boolean inDoubt(String name) {
        return bad.contains(name) || underWay.contains(name) || retries.stream().anyMatch(r -> r.contains(name));
    }

    boolean any() {
        return !bad.isEmpty() || retrying();
    }

    void forget(String name) {
        bad.remove(name);
    }
}
