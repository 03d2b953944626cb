package dev.mishap.rules.yaml;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Collects what is wrong in one file, so that the user sees all of it at once. Confined to one thread. */
public final class Problems {
    private static final int MAX = 100;

    private final String file;
    private final List<Problem> list = new ArrayList<>();

    public Problems(String file) {
        this.file = file;
    }

    public void add(Tree at, String message) {
        add(at.line(), at.column(), at.path(), message);
    }

    void add(int line, int column, String path, String message) {
        Problem problem = new Problem(file, line, column, path, message);
        if (list.size() < MAX && !list.contains(problem)) {
            list.add(problem);
        }
    }

    /** Makes a value that checks itself; null, and a problem at {@code at}, when it refuses. */
    public <T> @Nullable T attempt(Tree at, Supplier<T> make) {
        try {
            return make.get();
        } catch (IllegalArgumentException e) {
            add(at, String.valueOf(e.getMessage()));
            return null;
        }
    }

    public int count() {
        return list.size();
    }

    /** In the order of the file. */
    public List<Problem> list() {
        return list.stream()
                .sorted((a, b) -> a.line() != b.line() ? a.line() - b.line() : a.column() - b.column())
                .toList();
    }
}
