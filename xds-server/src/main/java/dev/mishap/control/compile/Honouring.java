package dev.mishap.control.compile;

import java.util.List;
import java.util.Set;

/**
 * What becomes of one rule on one node. Told before a rule is applied, and by {@code fleet} while it is.
 *
 * @param ways how it gets there; empty = not at all
 * @param reasons why it, or a part of it, does not act there, each naming the field or the place
 * @param notes what is to be known though it acts
 */
public record Honouring(Set<Way> ways, List<String> reasons, List<String> notes) {
    public Honouring {
        ways = Set.copyOf(ways);
        reasons = List.copyOf(reasons);
        notes = List.copyOf(notes);
    }

    static Honouring not(String reason) {
        return new Honouring(Set.of(), List.of(reason), List.of());
    }

    /** Whether it acts on the node, all of it. */
    public boolean honoured() {
        return !ways.isEmpty() && reasons.isEmpty();
    }

    /** Whether it acts at some of the places that it names. */
    public boolean partly() {
        return !ways.isEmpty() && !reasons.isEmpty();
    }

    /** For people, on one line. */
    public String text() {
        String how = ways.isEmpty()
                ? "not honoured"
                : (reasons.isEmpty() ? "honoured by " : "partly honoured by ")
                        + String.join(
                                " and ", ways.stream().sorted().map(Way::words).toList());
        return how
                + (reasons.isEmpty() ? "" : ": " + String.join("; ", reasons))
                + (notes.isEmpty() ? "" : " (" + String.join("; ", notes) + ")");
    }
}
