package dev.mishap.rules;

import dev.mishap.rules.match.HeaderMatcher;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Marks that a touched request carries beside the ones it always has (access log, metrics).
 *
 * @param responseHeader the response header that gets the experiment id (the rule's name without one); lower case, null = none
 * @param baggage whether {@code chaos.experiment.id} is added to the W3C baggage of the upstream request
 */
public record Tag(@Nullable String responseHeader, boolean baggage) {
    public static final Tag NONE = new Tag(null, false);

    public Tag {
        if (responseHeader != null) {
            responseHeader = responseHeader.toLowerCase(Locale.ROOT);
            if (responseHeader.startsWith(":") || !HeaderMatcher.isHeaderName(responseHeader)) {
                throw new IllegalArgumentException(
                        "responseHeader must be a header name, got '" + responseHeader + "'");
            }
        }
    }
}
