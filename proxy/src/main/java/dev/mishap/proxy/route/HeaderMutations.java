package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.route.match.StringMatcher;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The {@code *_headers_to_remove} and {@code *_headers_to_add} of one level. All values are formatted before the first is
 * set, so that they see the headers as they were when this level's turn came.
 */
public final class HeaderMutations {
    static final HeaderMutations NONE = new HeaderMutations(List.of(), List.of());

    enum AppendAction {
        APPEND_IF_EXISTS_OR_ADD,
        ADD_IF_ABSENT,
        OVERWRITE_IF_EXISTS_OR_ADD,
        OVERWRITE_IF_EXISTS
    }

    /**
     * One header to add.
     *
     * @param keepEmpty whether an empty value is sent, rather than no header
     * @param joined whether it is appended to a line that is there already
     */
    record Addition(HeaderName name, HeaderFormat format, AppendAction action, boolean keepEmpty, boolean joined) {
        boolean overwrites() {
            return action == AppendAction.OVERWRITE_IF_EXISTS_OR_ADD || action == AppendAction.OVERWRITE_IF_EXISTS;
        }
    }

    private final HeaderName[] removals;
    private final Addition[] additions;
    /** Headers whose names match are removed, or null for none. */
    private final @Nullable StringMatcher removed;

    HeaderMutations(List<HeaderName> removals, List<Addition> additions) {
        this(removals, additions, null);
    }

    private HeaderMutations(List<HeaderName> removals, List<Addition> additions, @Nullable StringMatcher removed) {
        this.removals = removals.toArray(new HeaderName[0]);
        this.additions = additions.toArray(new Addition[0]);
        this.removed = removed;
    }

    static HeaderMutations ofRemoved(StringMatcher names) {
        return new HeaderMutations(List.of(), List.of(), names);
    }

    boolean isEmpty() {
        return removals.length == 0 && additions.length == 0 && removed == null;
    }

    /** Applies them to {@code headers}; {@code response} is null when those are the request's. */
    public void apply(HeaderMap headers, HttpStream stream, @Nullable HeaderMap response) {
        apply(headers, stream.info(), stream.requestHeaders(), response);
    }

    /** Applies them to trailers; {@code response} is null when those are the request's. */
    public void applyToTrailers(HeaderMap trailers, HttpStream stream, @Nullable HeaderMap response) {
        apply(trailers, stream.info(), stream.requestHeaders(), response, response == null ? null : trailers);
    }

    /** The same where there is no stream of a client. */
    public void apply(HeaderMap headers, StreamInfo info, HeaderMap request, @Nullable HeaderMap response) {
        apply(headers, info, request, response, null);
    }

    private void apply(
            HeaderMap headers,
            StreamInfo info,
            HeaderMap request,
            @Nullable HeaderMap response,
            @Nullable HeaderMap trailers) {
        for (HeaderName name : removals) {
            headers.remove(name);
        }
        if (additions.length > 0) {
            add(headers, info, request, response, trailers);
        }
        if (removed != null) {
            removeMatching(headers, removed);
        }
    }

    /** What HTTP itself needs stays: pseudo headers, and the host. */
    private static void removeMatching(HeaderMap headers, StringMatcher names) {
        for (int i = headers.size() - 1; i >= 0; i--) {
            if (!headers.isPseudo(i) && names.matches(headers.name(i))) {
                headers.removeAt(i);
            }
        }
    }

    private void add(
            HeaderMap headers,
            StreamInfo info,
            HeaderMap request,
            @Nullable HeaderMap response,
            @Nullable HeaderMap trailers) {
        @Nullable String[] values = new String[additions.length];
        for (int i = 0; i < values.length; i++) {
            Addition addition = additions[i];
            String value = addition.format().value(info, request, response, trailers);
            if ((!value.isEmpty() || addition.keepEmpty()) && applies(addition, headers)) {
                values[i] = value;
            }
        }
        // Overwriting comes first, whatever the order in the configuration.
        for (int i = 0; i < values.length; i++) {
            String value = values[i];
            if (value != null && additions[i].overwrites()) {
                headers.set(additions[i].name(), value);
            }
        }
        for (int i = 0; i < values.length; i++) {
            String value = values[i];
            if (value != null && !additions[i].overwrites()) {
                append(headers, additions[i], value);
            }
        }
    }

    private static void append(HeaderMap headers, Addition addition, String value) {
        int at = addition.joined() ? headers.indexOf(addition.name()) : -1;
        if (at >= 0) {
            String before = headers.value(at);
            if (!value.isEmpty()) {
                headers.setValue(at, before.isEmpty() ? value : before + ',' + value);
            }
        } else {
            headers.add(addition.name(), value);
        }
    }

    private static boolean applies(Addition addition, HeaderMap headers) {
        return switch (addition.action()) {
            case APPEND_IF_EXISTS_OR_ADD, OVERWRITE_IF_EXISTS_OR_ADD -> true;
            case ADD_IF_ABSENT -> !headers.contains(addition.name());
            case OVERWRITE_IF_EXISTS -> headers.contains(addition.name());
        };
    }
}
