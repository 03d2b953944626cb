package dev.mishap.proxy.config.schema;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Text that a configuration gives inline, by file name or by environment variable: {@code envoy.config.core.v3.DataSource}. */
public final class DataSource {
    private DataSource() {}

    /** The bytes, read now. */
    public static byte[] bytes(ConfigNode node) {
        String kind = node.oneof("specifier");
        if (kind == null) {
            throw node.error("specifier", "value is required");
        }
        return switch (kind) {
            case "filename" -> file(node.string("filename"));
            // bytes read as one character a byte
            case "inline_bytes" -> node.string("inline_bytes").getBytes(StandardCharsets.ISO_8859_1);
            case "environment_variable" -> environment(node.string("environment_variable"));
            default -> node.string("inline_string").getBytes(StandardCharsets.UTF_8);
        };
    }

    /** The bytes, read now; a file over {@code limit} bytes is refused. */
    public static byte[] bytes(ConfigNode node, long limit) {
        if ("filename".equals(node.oneof("specifier"))) {
            String name = node.string("filename");
            Path path = path(name);
            if (!Files.exists(path)) {
                throw new ConfigException("file " + name + " does not exist");
            }
            try {
                long size = Files.size(path);
                if (size > limit) {
                    throw new ConfigException("file " + name + " size is " + size + " bytes; maximum is " + limit);
                }
            } catch (IOException e) {
                throw new ConfigException("unable to read file: " + name);
            }
        }
        return bytes(node);
    }

    /** The bytes read as UTF-8. */
    public static String text(ConfigNode node) {
        return new String(bytes(node), StandardCharsets.UTF_8);
    }

    private static Path path(String name) {
        try {
            return Path.of(name);
        } catch (InvalidPathException e) {
            throw new ConfigException("Invalid path: " + name.replace('\0', '?'));
        }
    }

    private static byte[] file(String name) {
        Path path = path(name);
        if (!Files.exists(path)) {
            throw new ConfigException("Invalid path: " + name);
        }
        try {
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new ConfigException("unable to read file: " + name);
        }
    }

    private static byte[] environment(String name) {
        String value = System.getenv(name);
        if (value == null) {
            throw new ConfigException("Environment variable doesn't exist: " + name);
        }
        return value.getBytes(StandardCharsets.UTF_8);
    }
}
