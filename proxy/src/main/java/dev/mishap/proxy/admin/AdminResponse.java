package dev.mishap.proxy.admin;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An answer of the admin server.
 *
 * @param headers further headers, lower-case names
 * @param stream a body that goes on after {@code body}; null = there is no more
 */
public record AdminResponse(
        int status,
        String contentType,
        byte[] body,
        Map<String, String> headers,
        @Nullable AdminStream stream) {
    /** Plain text. */
    public static final String TEXT = "text/plain; charset=UTF-8";

    public static final String JSON = "application/json";

    public AdminResponse {
        headers = Map.copyOf(headers);
    }

    public static AdminResponse text(int status, String body) {
        return of(status, TEXT, body);
    }

    public static AdminResponse text(String body) {
        return of(200, TEXT, body);
    }

    public static AdminResponse json(String body) {
        return of(200, JSON, body);
    }

    public static AdminResponse of(int status, String contentType, String body) {
        return new AdminResponse(status, contentType, body.getBytes(StandardCharsets.UTF_8), Map.of(), null);
    }

    /** An answer whose body comes bit by bit. */
    public static AdminResponse stream(String contentType, AdminStream stream) {
        return new AdminResponse(200, contentType, new byte[0], Map.of(), stream);
    }

    /** The usual answer of an endpoint that did something. */
    static AdminResponse ok() {
        return text("OK\n");
    }

    /** The same answer with one more header. */
    public AdminResponse with(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new AdminResponse(status, contentType, body, more, stream);
    }
}
