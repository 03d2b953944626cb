package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.http.WireText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads the bytes of an {@code envoy.config.core.v3.DataSource}, once, when the configuration is loaded. */
final class DataSource {
    private DataSource() {}

    /** The bytes, one char a byte; a file over {@code limit} bytes is refused. */
    static String read(ConfigNode node, long limit) {
        String kind = node.oneof("specifier");
        return switch (kind == null ? "" : kind) {
            case "inline_string" -> WireText.encode(node.string("inline_string"));
            case "inline_bytes" -> node.string("inline_bytes");
            case "environment_variable" -> environment(node.string("environment_variable"));
            case "filename" -> file(node.string("filename"), limit);
            default -> throw node.error("specifier", "is required");
        };
    }

    private static String environment(String variable) {
        String value = System.getenv(variable);
        if (value == null) {
            throw new ConfigException("Environment variable doesn't exist: " + variable);
        }
        return WireText.encode(value);
    }

    private static String file(String name, long limit) {
        Path path = Path.of(name);
        if (!Files.exists(path)) {
            throw new ConfigException("file " + name + " does not exist");
        }
        try {
            long size = Files.size(path);
            if (size > limit) {
                throw new ConfigException("file " + name + " size is " + size + " bytes; maximum is " + limit);
            }
            return Files.readString(path, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new ConfigException("unable to read file: " + name);
        }
    }
}
