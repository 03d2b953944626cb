package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.observe.log.LogFormat;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An answer that the proxy makes itself.
 *
 * @param status HTTP status, 200..599
 * @param body the body; {@code ""} for none
 * @param format what makes the body that is sent out of it and of the request, or null
 */
public record DirectResponseAction(
        int status, String body, @Nullable LogFormat format) implements RouteAction {
    /** The body of the answer to a request. */
    String body(HttpStream stream) {
        if (format == null) {
            return body;
        }
        byte[] text = format.formatLocalReply(stream.info(), stream.requestHeaders(), stream.responseHeaders(), body);
        return new String(text, StandardCharsets.UTF_8);
    }
}
