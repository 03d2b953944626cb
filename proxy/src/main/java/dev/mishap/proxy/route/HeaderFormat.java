package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpStream;
import org.jspecify.annotations.Nullable;

/** The value of a header that a route adds, with its {@code %OPERATORS%}. Immutable. */
@FunctionalInterface
public interface HeaderFormat {
    /** The value for the stream, one char a byte; {@code response} is null while the request's headers are made. */
    String value(HttpStream stream, @Nullable HeaderMap response);
}
