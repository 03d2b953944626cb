package dev.mishap.rules.importer;

import dev.mishap.rules.FleetRule;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.yaml.Problems;
import dev.mishap.rules.yaml.Suggestion;
import dev.mishap.rules.yaml.Tree;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What one import has found so far, and the checks that all importers need. */
final class Import {
    final Problems problems;
    final boolean forFleet;
    final List<FleetRule> rules = new ArrayList<>();
    final List<Experiment> experiments = new ArrayList<>();
    private final Map<String, String> environment;
    private final Set<String> replaced = new HashSet<>();
    private final Set<String> notes = new LinkedHashSet<>();

    /**
     * @param environment values that take the place of the file's environment variables
     * @param forFleet whether the rules may say what only a control plane reads
     */
    Import(Problems problems, Map<String, String> environment, boolean forFleet) {
        this.forFleet = forFleet;
        this.problems = problems;
        this.environment = environment;
    }

    /** The value that the user gave for a variable; null when there is none. */
    @Nullable
    String replacement(String variable) {
        String value = environment.get(variable);
        if (value != null) {
            replaced.add(variable);
        }
        return value;
    }

    /** Refuses replacements that nothing asked for. */
    void refuseUnusedReplacements() {
        for (String variable : environment.keySet()) {
            if (!replaced.contains(variable)) {
                problems.add(
                        Tree.atStart(), "nothing in the file reads the variable " + variable + " that is to be set");
            }
        }
    }

    void note(String note) {
        notes.add(note);
    }

    List<String> notes() {
        return List.copyOf(notes);
    }

    /** Refuses the fields of a mapping that the importer does not read. */
    void onlyThese(@Nullable Tree map, Set<String> known) {
        if (map == null) {
            return;
        }
        map.fields().forEach((name, value) -> {
            if (!known.contains(name)) {
                String near = Suggestion.nearest(name, known);
                problems.add(value, "cannot be carried over" + (near == null ? "" : "; did you mean '" + near + "'?"));
            }
        });
    }

    /** Refuses a field that has a value. */
    void refuse(@Nullable Tree map, String field, String why) {
        Tree value = map == null ? null : map.get(field);
        if (value != null && !isEmpty(value)) {
            problems.add(value, "cannot be carried over: " + why);
        }
    }

    private static boolean isEmpty(Tree value) {
        return value.kind() == Tree.Kind.TEXT && value.text().isEmpty()
                || value.kind() == Tree.Kind.LIST && value.items().isEmpty()
                || value.kind() == Tree.Kind.MAP && value.fields().isEmpty();
    }

    /** A field that must be there. */
    @Nullable
    Tree need(Tree map, String field) {
        Tree value = map.get(field);
        if (value == null) {
            problems.add(map, "field '" + field + "' is missing");
        }
        return value;
    }

    /** The whole number of a scalar; null and a problem when it is none or out of range. */
    @Nullable
    Long whole(@Nullable Tree at, long min, long max) {
        if (at == null) {
            return null;
        }
        try {
            long n = Long.parseLong(at.text().trim());
            if (n >= min && n <= max) {
                return n;
            }
        } catch (NumberFormatException e) {
            // told below, with what is wrong in range, too
        }
        problems.add(at, "expected a whole number from " + min + " to " + max + ", found " + at.found());
        return null;
    }
}
