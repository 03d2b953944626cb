package dev.mishap.rules;

import dev.mishap.rules.match.HeaderMatcher;
import java.util.Locale;

/**
 * What tells one caller from another.
 *
 * @param name the header or cookie; empty for the other kinds
 */
public record CohortKey(Kind kind, String name) {
    public enum Kind {
        /** The trace id of {@code traceparent}, else the value of {@code x-request-id}. */
        TRACE_ID("traceId"),
        /** A header's value. */
        HEADER("header"),
        /** A cookie's value. */
        COOKIE("cookie"),
        /** The downstream address. */
        SOURCE_ADDRESS("sourceAddress");

        private final String field;

        Kind(String field) {
            this.field = field;
        }

        /** The name in a rule file. */
        public String field() {
            return field;
        }
    }

    /** The default. */
    public static final CohortKey TRACE_ID = new CohortKey(Kind.TRACE_ID, "");

    public static final CohortKey SOURCE_ADDRESS = new CohortKey(Kind.SOURCE_ADDRESS, "");

    public CohortKey {
        if (kind == Kind.HEADER) {
            name = name.toLowerCase(Locale.ROOT);
        }
        boolean named = kind == Kind.HEADER || kind == Kind.COOKIE;
        if (named
                ? !HeaderMatcher.isHeaderName(name) || kind == Kind.COOKIE && name.startsWith(":")
                : !name.isEmpty()) {
            throw new IllegalArgumentException(
                    named ? kind.field() + " must be a name, got '" + name + "'" : kind.field() + " takes no name");
        }
    }

    public static CohortKey header(String name) {
        return new CohortKey(Kind.HEADER, name);
    }

    public static CohortKey cookie(String name) {
        return new CohortKey(Kind.COOKIE, name);
    }
}
