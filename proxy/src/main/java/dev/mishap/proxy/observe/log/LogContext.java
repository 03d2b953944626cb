package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.StreamInfo;
import org.jspecify.annotations.Nullable;

/**
 * What a format is filled in from.
 *
 * @param localReplyBody the body of the local reply that is being formatted, {@code ""} elsewhere
 */
public record LogContext(
        StreamInfo info,
        HeaderMap request,
        @Nullable HeaderMap response,
        @Nullable HeaderMap trailers,
        String localReplyBody) {
    public static LogContext of(
            StreamInfo info, HeaderMap request, @Nullable HeaderMap response, @Nullable HeaderMap trailers) {
        return new LogContext(info, request, response, trailers, "");
    }
}
