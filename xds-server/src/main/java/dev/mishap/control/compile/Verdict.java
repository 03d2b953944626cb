package dev.mishap.control.compile;

import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A {@link Honouring} in the making. */
final class Verdict {
    private final Set<Way> ways = EnumSet.noneOf(Way.class);
    private final Set<String> reasons = new LinkedHashSet<>();
    private final Set<String> notes = new LinkedHashSet<>();

    void by(Way way) {
        ways.add(way);
    }

    void not(String reason) {
        reasons.add(reason);
    }

    void not(List<String> all) {
        reasons.addAll(all);
    }

    void note(String note) {
        notes.add(note);
    }

    boolean placed() {
        return !ways.isEmpty();
    }

    boolean hopeless() {
        return !reasons.isEmpty();
    }

    Honouring honouring() {
        if (ways.isEmpty() && reasons.isEmpty()) {
            reasons.add("no listener of the node serves what the scope names");
        }
        return new Honouring(ways, List.copyOf(reasons), List.copyOf(notes));
    }
}
