package dev.mishap.proxy.filter.http.ratelimit;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.WireText;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the service says: {@code envoy.service.ratelimit.v3.RateLimitResponse}. Headers are names and values in turn.
 *
 * @param retryAfterSeconds when the last of the limits that are reached ends; 0 when nobody says
 * @param limits what there is to tell of the limits, in the order of the descriptors
 */
record RateLimitAnswer(
        boolean overLimit,
        long retryAfterSeconds,
        List<Limit> limits,
        List<String> responseHeaders,
        List<String> requestHeaders,
        String body,
        Map<String, Object> metadata) {
    private static final String MESSAGE = "envoy.service.ratelimit.v3.RateLimitResponse";

    /** One limit and how much of it is left. */
    record Limit(String name, long requests, long seconds, long remaining, long resetSeconds) {}

    /** Throws a ConfigException when it is none. */
    static RateLimitAnswer read(byte[] message) {
        ConfigNode node = ConfigReader.lenient().binary(MESSAGE, message, "");
        List<Limit> limits = new ArrayList<>();
        long retryAfter = 0;
        for (ConfigNode status : node.messages("statuses")) {
            long reset = status.durationNanos("duration_until_reset", 0) / 1_000_000_000;
            if (status.enumName("code").equals("OVER_LIMIT")) {
                retryAfter = Math.max(retryAfter, reset);
            }
            ConfigNode current = status.message("current_limit");
            long seconds = current == null ? 0 : seconds(current.enumName("unit"));
            if (current != null) {
                limits.add(new Limit(
                        WireText.encode(current.string("name")),
                        current.integer("requests_per_unit", 0),
                        seconds,
                        status.integer("limit_remaining", 0),
                        reset));
            }
        }
        Object metadata = node.has("dynamic_metadata") ? node.struct("dynamic_metadata") : null;
        return new RateLimitAnswer(
                node.enumName("overall_code").equals("OVER_LIMIT"),
                retryAfter,
                limits,
                headers(node.messages("response_headers_to_add")),
                headers(node.messages("request_headers_to_add")),
                new String(node.string("raw_body").getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8),
                struct(metadata));
    }

    @SuppressWarnings("unchecked") // what the reader makes of a Struct
    private static Map<String, Object> struct(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
    }

    private static List<String> headers(List<ConfigNode> nodes) {
        List<String> headers = new ArrayList<>(nodes.size() * 2);
        for (ConfigNode header : nodes) {
            headers.add(WireText.encode(header.string("key")));
            headers.add(WireText.encode(header.string("value")));
        }
        return headers;
    }

    private static long seconds(String unit) {
        return switch (unit) {
            case "SECOND" -> 1;
            case "MINUTE" -> 60;
            case "HOUR" -> 3600;
            case "DAY" -> 86_400;
            case "WEEK" -> 604_800;
            case "MONTH" -> 2_592_000;
            case "YEAR" -> 31_536_000;
            default -> 0;
        };
    }
}
