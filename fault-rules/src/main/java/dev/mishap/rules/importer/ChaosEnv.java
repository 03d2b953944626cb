package dev.mishap.rules.importer;

import dev.mishap.rules.Percentage;
import dev.mishap.rules.yaml.Tree;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A list of {@code {name, value}} as Litmus writes environment variables; knows which of them were read. */
final class ChaosEnv {
    private final Import into;
    private final Map<String, Tree> values = new LinkedHashMap<>();
    private final Set<String> read = new HashSet<>();

    ChaosEnv(Import into) {
        this.into = into;
    }

    /** Adds variables, over those of the same name. */
    void addAll(List<Tree> list) {
        for (Tree each : list) {
            into.onlyThese(each, Set.of("name", "value", "valueFrom"));
            into.refuse(each, "valueFrom", "its value is in the cluster");
            String name = each.textOf("name");
            Tree value = each.fields().get("value");
            if (name == null) {
                into.problems.add(each, "field 'name' is missing");
            } else if (value != null && value.kind() == Tree.Kind.TEXT) {
                values.put(name, value);
            } else if (each.get("valueFrom") == null) {
                values.put(name, each);
            }
        }
    }

    /** The variable; null when it is absent or empty. */
    @Nullable
    Tree get(String name) {
        read.add(name);
        Tree value = values.get(name);
        String replacement = into.replacement(name);
        if (replacement != null) {
            value = (value == null ? Tree.atStart() : value).withText(replacement);
        }
        return value == null || value.kind() != Tree.Kind.TEXT || value.text().isBlank() ? null : value;
    }

    @Nullable
    Tree need(String name, Tree at) {
        Tree value = get(name);
        if (value == null) {
            into.problems.add(at, "variable " + name + " is missing");
        }
        return value;
    }

    String text(String name, String otherwise) {
        Tree value = get(name);
        return value == null ? otherwise : value.text();
    }

    /** A percentage; {@code otherwise} when it is absent. */
    Percentage percentage(String name, Percentage otherwise) {
        Tree value = get(name);
        if (value == null) {
            return otherwise;
        }
        Percentage parsed =
                into.problems.attempt(value, () -> Percentage.parse(value.text().trim()));
        return parsed == null ? otherwise : parsed;
    }

    /** Refuses a variable that has a value other than these. */
    void onlyIf(String name, String why, String... harmless) {
        Tree value = get(name);
        if (value != null && !List.of(harmless).contains(value.text().trim())) {
            into.problems.add(value, "variable " + name + " cannot be carried over: " + why);
        }
    }

    /** Notes variables that are about the mechanics of another tool. */
    void mechanics(Set<String> names) {
        for (String name : names) {
            if (get(name) != null) {
                into.note("variable " + name + " has no meaning here");
            }
        }
    }

    /** Refuses all variables that nobody asked for. */
    void refuseTheRest() {
        values.forEach((name, at) -> {
            if (!read.contains(name)) {
                into.problems.add(at, "variable " + name + " cannot be carried over");
            }
        });
    }
}
