package dev.mishap.control.http;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The media types that are read and written, and the choice among them. */
public enum MediaType {
    JSON("application/json"),
    YAML("application/yaml"),
    MERGE_PATCH("application/merge-patch+json"),
    NDJSON("application/x-ndjson"),
    EVENTS("text/event-stream"),
    METRICS("text/plain"),
    TEXT("text/plain"),
    HTML("text/html");

    private final String text;

    MediaType(String text) {
        this.text = text;
    }

    public String text() {
        return text;
    }

    /** What a {@code content-type} names, or null. Parameters are allowed when they say UTF-8. */
    static @Nullable MediaType ofContent(String header) {
        String[] parts = header.toLowerCase(Locale.ROOT).split(";");
        for (int i = 1; i < parts.length; i++) {
            String parameter = parts[i].strip().replace("\"", "");
            if (parameter.startsWith("charset=")
                    && !parameter.equals("charset=utf-8")
                    && !parameter.equals("charset=us-ascii")) {
                return null;
            }
        }
        return switch (parts[0].strip()) {
            case "application/json" -> JSON;
            case "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml" -> YAML;
            case "application/merge-patch+json" -> MERGE_PATCH;
            default -> null;
        };
    }

    /**
     * The first of the offered types that the caller prefers; null when it wants none of them.
     *
     * @param accept the header, null = anything
     */
    static @Nullable MediaType accepted(@Nullable String accept, List<MediaType> offered) {
        if (accept == null || accept.isBlank()) {
            return offered.get(0);
        }
        MediaType best = null;
        double bestQuality = 0;
        for (MediaType type : offered) {
            double quality = quality(accept, type.text);
            if (quality > bestQuality) {
                best = type;
                bestQuality = quality;
            }
        }
        return best;
    }

    /** The most specific range decides, as RFC 9110 has it. */
    private static double quality(String accept, String type) {
        int specific = -1;
        double quality = 0;
        for (String range : accept.toLowerCase(Locale.ROOT).split(",")) {
            String[] parts = range.split(";");
            String name = parts[0].strip();
            int rank = name.equals(type) || alias(name, type)
                    ? 2
                    : name.equals(type.substring(0, type.indexOf('/')) + "/*") ? 1 : name.equals("*/*") ? 0 : -1;
            if (rank > specific) {
                specific = rank;
                quality = q(parts);
            }
        }
        return quality;
    }

    private static boolean alias(String name, String type) {
        return type.equals(YAML.text)
                && (name.equals("application/x-yaml") || name.equals("text/yaml") || name.equals("text/x-yaml"));
    }

    private static double q(String[] parts) {
        for (int i = 1; i < parts.length; i++) {
            String parameter = parts[i].strip();
            if (parameter.startsWith("q=")) {
                try {
                    double q = Double.parseDouble(parameter.substring(2));
                    return q >= 0 && q <= 1 ? q : 0;
                } catch (NumberFormatException e) {
                    return 0;
                }
            }
        }
        return 1;
    }
}
