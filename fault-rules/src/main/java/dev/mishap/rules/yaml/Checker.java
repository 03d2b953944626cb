package dev.mishap.rules.yaml;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Holds a tree against the table of fields: unknown and missing fields, wrong kinds of values, wrong syntax. */
final class Checker {
    private final Problems problems;

    Checker(Problems problems) {
        this.problems = problems;
    }

    void check(Tree tree, Type type) {
        if (type instanceof Type.Scalar scalar) {
            scalar(tree, scalar);
        } else if (type instanceof Type.Choice choice) {
            choice(tree, choice);
        } else if (type instanceof Type.ListOf list) {
            list(tree, list);
        } else if (type instanceof Type.TextMap) {
            textMap(tree);
        } else if (type instanceof Type.Of of) {
            shape(tree, of.shape());
        } else if (type instanceof Type.Either either) {
            if (tree.kind() == Tree.Kind.MAP) {
                shape(tree, either.shape());
            } else {
                scalar(tree, either.scalar());
            }
        }
    }

    private void scalar(Tree tree, Type.Scalar scalar) {
        if (tree.kind() != Tree.Kind.TEXT) {
            expected(tree, scalar.words);
            return;
        }
        String wrong = scalar.wrong(tree);
        if (wrong != null) {
            if (wrong.isEmpty()) {
                expected(tree, scalar.words);
            } else {
                problems.add(tree, wrong);
            }
        }
    }

    private void choice(Tree tree, Type.Choice choice) {
        if (tree.kind() != Tree.Kind.TEXT || !choice.words().contains(tree.text())) {
            String near = tree.kind() == Tree.Kind.TEXT ? Suggestion.nearest(tree.text(), choice.words()) : null;
            expected(
                    tree,
                    (choice.words().size() == 1 ? "" : "one of ") + String.join(", ", choice.words()),
                    near == null ? "" : "; did you mean " + near + "?");
        }
    }

    private void list(Tree tree, Type.ListOf list) {
        if (tree.kind() != Tree.Kind.LIST) {
            expected(tree, "a list");
            return;
        }
        if (tree.items().isEmpty() && !list.mayBeEmpty()) {
            problems.add(tree, "must not be empty");
        }
        tree.items().forEach(item -> check(item, list.item()));
    }

    private void textMap(Tree tree) {
        if (tree.kind() != Tree.Kind.MAP) {
            expected(tree, "a mapping");
            return;
        }
        tree.fields().values().forEach(value -> scalar(value, Type.Scalar.TEXT));
    }

    private void shape(Tree tree, Shape shape) {
        if (tree.kind() != Tree.Kind.MAP) {
            if (tree.kind() != Tree.Kind.NULL || !shape.mayBeBare()) {
                expected(tree, "a mapping");
            }
            return;
        }
        for (Map.Entry<String, Tree> entry : tree.fields().entrySet()) {
            Shape.Field field = shape.fields.get(entry.getKey());
            if (field == null) {
                unknown(tree, entry.getKey(), shape);
            } else {
                check(entry.getValue(), field.type());
            }
        }
        for (Shape.Field field : shape.fields.values()) {
            if (field.required() && !tree.fields().containsKey(field.name())) {
                problems.add(tree, "field '" + field.name() + "' is missing");
            }
        }
        for (List<String> group : shape.exactlyOne) {
            List<String> set = new ArrayList<>(group);
            set.retainAll(tree.fields().keySet());
            if (set.size() != 1) {
                problems.add(
                        tree,
                        "expected exactly one of " + String.join(", ", group) + ", found "
                                + (set.isEmpty() ? "none" : String.join(" and ", set)));
            }
        }
    }

    private void unknown(Tree tree, String name, Shape shape) {
        int[] at = tree.keyPosition(name);
        String path = tree.path().isEmpty() ? name : tree.path() + '.' + name;
        String near = Suggestion.nearest(name, shape.fields.keySet());
        problems.add(
                at[0],
                at[1],
                path,
                "unknown field"
                        + (near != null
                                ? "; did you mean '" + near + "'?"
                                : shape.fields.isEmpty()
                                        ? "; there are none here"
                                        : "; known here: " + String.join(", ", shape.fields.keySet())));
    }

    private void expected(Tree tree, String what) {
        expected(tree, what, "");
    }

    private void expected(Tree tree, String what, String more) {
        problems.add(tree, "expected " + what + ", found " + tree.found() + more);
    }
}
