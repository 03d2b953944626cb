package dev.mishap.control.http;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.rules.yaml.Suggestion;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a query. A parameter that is not known is refused: a misspelt {@code dryRun} would do more than was meant.
 */
public final class Query {
    private static final int MAX_PARAMETERS = 32;

    private final Map<String, String> values;

    private Query(Map<String, String> values) {
        this.values = values;
    }

    /**
     * Reads a query.
     *
     * @throws ProblemException for a parameter that is not known, given twice, or not percent-encoded UTF-8
     */
    public static Query parse(@Nullable String text, Set<String> known) {
        Map<String, String> values = new LinkedHashMap<>();
        if (text != null && !text.isEmpty()) {
            for (String pair : text.split("&", MAX_PARAMETERS + 1)) {
                if (values.size() == MAX_PARAMETERS) {
                    throw ProblemException.invalid("", "the query has more than " + MAX_PARAMETERS + " parameters");
                }
                int equals = pair.indexOf('=');
                String name = decode(equals < 0 ? pair : pair.substring(0, equals));
                if (!known.contains(name)) {
                    throw ProblemException.invalid(
                            name, "is no query parameter of this path" + Suggestion.of(name, known));
                }
                if (values.put(name, equals < 0 ? "" : decode(pair.substring(equals + 1))) != null) {
                    throw ProblemException.invalid(name, "the query parameter is given twice");
                }
            }
        }
        return new Query(values);
    }

    static String decode(String text) {
        try {
            String decoded = URLDecoder.decode(text, StandardCharsets.UTF_8);
            if (decoded.indexOf('\ufffd') < 0 && decoded.indexOf('\0') < 0) {
                return decoded;
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw ProblemException.invalid("", "the query is not percent-encoded UTF-8");
    }

    public @Nullable String get(String name) {
        return values.get(name);
    }

    public String get(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    /** {@code true}, {@code false}, or the name alone for true. */
    public boolean flag(String name) {
        String value = values.get(name);
        if (value == null || value.equals("false")) {
            return false;
        }
        if (value.equals("true") || value.isEmpty()) {
            return true;
        }
        throw ProblemException.invalid(name, "expected true or false, found '" + value + "'");
    }

    /** A whole number within bounds. */
    public long number(String name, long otherwise, long min, long max) {
        String value = values.get(name);
        if (value == null) {
            return otherwise;
        }
        try {
            long number = Long.parseLong(value);
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw ProblemException.invalid(
                name, "expected a number from " + min + " to " + max + ", found '" + value + "'");
    }
}
