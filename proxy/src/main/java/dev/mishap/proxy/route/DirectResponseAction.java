package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
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
    /** Operators about the response give nothing, as there is none yet. Nobody writes to it. */
    private static final HeaderMap NO_RESPONSE = new HeaderMap();

    /** The body of the answer to a request. */
    String body(HttpStream stream) {
        if (format == null) {
            return body;
        }
        byte[] text = format.formatLocalReply(stream.info(), stream.requestHeaders(), NO_RESPONSE, body);
        return new String(text, StandardCharsets.UTF_8);
    }
}
