package dev.mishap.control.http;

import dev.mishap.control.problem.ProblemException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Entity tags in conditional requests (RFC 9110 §13). */
public final class Etags {
    private Etags() {}

    /** {@code "5"} for 5. */
    public static String of(long version) {
        return "\"" + version + '"';
    }

    /** Whether {@code If-None-Match} holds the tag, or is {@code *}. */
    static boolean weak(String header, String etag) {
        if (header.strip().equals("*")) {
            return true;
        }
        for (String each : header.split(",")) {
            String tag = each.strip();
            if ((tag.startsWith("W/") ? tag.substring(2) : tag).equals(etag)) {
                return true;
            }
        }
        return false;
    }

    /**
     * The versions that {@code If-Match} names: empty = {@code *}, anything that is there. Null without the header.
     *
     * @throws ProblemException when it is none of ours
     */
    public static @Nullable List<Long> versions(@Nullable String header) {
        if (header == null) {
            return null;
        }
        if (header.strip().equals("*")) {
            return List.of();
        }
        List<Long> versions = new ArrayList<>();
        for (String each : header.split(",", 17)) {
            String tag = each.strip();
            if (tag.startsWith("W/")) {
                // Never equal in the strong comparison that If-Match asks for.
                versions.add(-1L);
            } else if (tag.length() > 2 && tag.startsWith("\"") && tag.endsWith("\"")) {
                try {
                    versions.add(Long.parseLong(tag.substring(1, tag.length() - 1)));
                } catch (NumberFormatException e) {
                    versions.add(-1L);
                }
            } else {
                throw ProblemException.invalid(
                        "if-match", "expected an etag in quotes such as \"5\", or *, found '" + header + "'");
            }
        }
        return versions;
    }
}
