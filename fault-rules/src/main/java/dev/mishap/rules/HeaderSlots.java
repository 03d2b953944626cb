package dev.mishap.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Numbers the headers that compiled rules look at, so that a data plane can resolve each name once, when rules change, and not
 * per request. Filled while rules are compiled, read-only after that.
 */
public final class HeaderSlots {
    private final List<String> names = new ArrayList<>();

    /** The number of a header, given now if it has none. */
    public int slot(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        int i = names.indexOf(lower);
        if (i < 0) {
            i = names.size();
            names.add(lower);
        }
        return i;
    }

    /** The names in lower case; the index is the slot. */
    public List<String> names() {
        return List.copyOf(names);
    }
}
