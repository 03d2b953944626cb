package dev.mishap.control.api;

import static dev.mishap.control.api.Documents.map;

import java.util.List;
import java.util.Map;

/** The examples of the API's description; a test holds them to the schemas. */
final class Examples {
    static final Map<String, Object> RULE = map(
            "apiVersion",
            "mishap.dev/v1",
            "kind",
            "FaultRule",
            "metadata",
            map("name", "canary-503", "labels", Map.of("team", "pay")),
            "spec",
            map(
                    "targets", map("services", List.of("checkout")),
                    "scope", map("headers", List.of(map("name", "x-user-tier", "exact", "canary"))),
                    "percentage", 40,
                    "fault", map("abort", map("httpStatus", 503)),
                    "limits", map("maxTrafficPercent", 5),
                    "ttl", "2m"));

    /** In a merge patch, null takes a field away. */
    @SuppressWarnings("NullAway")
    static final Map<String, Object> PATCH = map("spec", map("percentage", 10, "limits", null));

    static final Map<String, Object> TOKEN = map(
            "name", "ci", "grants", List.of(map("role", "operator", "namespaces", List.of("staging"))), "ttl", "720h");

    static final Map<String, Object> RUN = map(
            "experiment",
            map(
                    "id", "PAY-503-2024-Q4",
                    "name", "payment-gateway-503-injection",
                    "hypothesis", "checkout falls back to the second gateway"),
            "phase",
            "injection");

    private Examples() {}
}
