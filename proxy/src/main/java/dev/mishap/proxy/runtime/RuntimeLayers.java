package dev.mishap.proxy.runtime;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.runtime.LayeredSnapshot.Layer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The layers that a bootstrap lists, and how each one's values are read. */
final class RuntimeLayers {
    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.bootstrap.v3.LayeredRuntime").supported("layers"),
            SupportedFields.of("envoy.config.bootstrap.v3.RuntimeLayer")
                    .supported("name", "static_layer", "disk_layer", "admin_layer", "rtds_layer"),
            SupportedFields.of("envoy.config.bootstrap.v3.RuntimeLayer.DiskLayer")
                    .supported("symlink_root", "subdirectory", "append_service_cluster"),
            SupportedFields.of("envoy.config.bootstrap.v3.RuntimeLayer.AdminLayer"),
            SupportedFields.of("envoy.config.bootstrap.v3.RuntimeLayer.RtdsLayer")
                    .supported("name", "rtds_config"),
            SupportedFields.of("envoy.service.runtime.v3.Runtime").supported("name", "layer"));

    /** Levels of directories in a disk layer; a link that leads back up would have no end. */
    private static final int MAX_DEPTH = 32;

    private static final int MAX_FILE_BYTES = 64 * 1024;

    /** Where a layer's values come from. */
    enum Kind {
        STATIC,
        DISK,
        ADMIN,
        RTDS
    }

    /**
     * A configured layer.
     *
     * @param fixed the values of a static layer, empty otherwise
     * @param root the symbolic link that is watched for a disk layer
     * @param directory the directory of a disk layer's values, under {@code root}
     * @param rtds where the values of a discovered layer come from
     */
    record Source(
            String name,
            Kind kind,
            Map<String, RuntimeValue> fixed,
            @Nullable Path root,
            @Nullable Path directory,
            @Nullable ConfigNode rtds) {}

    private RuntimeLayers() {}

    static List<Source> from(@Nullable ConfigNode layeredRuntime, String serviceCluster) {
        List<Source> sources = new ArrayList<>();
        if (layeredRuntime == null) {
            return sources;
        }
        if (layeredRuntime.messages("layers").isEmpty()) {
            return List.of(new Source("", Kind.ADMIN, Map.of(), null, null, null));
        }
        Set<String> names = new HashSet<>();
        boolean admin = false;
        for (ConfigNode layer : layeredRuntime.messages("layers")) {
            String name = layer.string("name");
            if (!names.add(name)) {
                throw new ConfigException("Duplicate layer name: " + name);
            }
            String kind = layer.oneof("layer_specifier");
            if (kind == null) {
                throw layer.error("layer_specifier", "value is required");
            }
            switch (kind) {
                case "static_layer" ->
                    sources.add(new Source(name, Kind.STATIC, fixed(layer.struct("static_layer")), null, null, null));
                case "rtds_layer" ->
                    sources.add(new Source(name, Kind.RTDS, Map.of(), null, null, layer.required("rtds_layer")));
                case "disk_layer" -> sources.add(disk(name, layer.required("disk_layer"), serviceCluster));
                default -> {
                    if (admin) {
                        throw new ConfigException(
                                "Too many admin layers specified in LayeredRuntime, at most one may be specified");
                    }
                    admin = true;
                    sources.add(new Source(name, Kind.ADMIN, Map.of(), null, null, null));
                }
            }
        }
        return List.copyOf(sources);
    }

    /** The link, in a directory that can be watched. */
    private static Path symlink(String text) {
        int slash = text.lastIndexOf('/');
        if (slash < 0) {
            throw new ConfigException(("invalid file path " + text).stripTrailing());
        }
        try {
            if (Files.isDirectory(Path.of(slash == 0 ? "/" : text.substring(0, slash)))) {
                return Path.of(text);
            }
        } catch (InvalidPathException e) {
            // said below
        }
        throw new ConfigException("unable to add filesystem watch for file " + text + ": No such file or directory");
    }

    private static Source disk(String name, ConfigNode node, String serviceCluster) {
        Path root = symlink(node.string("symlink_root"));
        Path directory = root.resolve(node.string("subdirectory"));
        if (node.bool("append_service_cluster", false)) {
            directory = directory.resolve(serviceCluster);
        }
        return new Source(name, Kind.DISK, Map.of(), root, directory, null);
    }

    /** The values of a Struct, its nested keys joined by dots. */
    static Map<String, RuntimeValue> fixed(@Nullable Object struct) {
        Map<String, RuntimeValue> values = new HashMap<>();
        if (struct instanceof Map<?, ?> map) {
            walk("", map, values);
        }
        return values;
    }

    private static void walk(String prefix, Map<?, ?> map, Map<String, RuntimeValue> out) {
        map.forEach((key, value) -> {
            String name = prefix + key;
            if (value instanceof Map<?, ?> inner && !RuntimeValue.isFraction(inner)) {
                walk(name + ".", inner, out);
            } else if (value == null || value instanceof List<?>) {
                throw new ConfigException("Invalid runtime entry value for " + name);
            } else {
                out.put(name, RuntimeValue.of(value));
            }
        });
    }

    /** The values of a disk layer as its files are now, or null when the directory isn't there. */
    static @Nullable Layer readDisk(Source source) throws IOException {
        Path directory = source.directory();
        if (directory == null || !Files.isDirectory(directory)) {
            return null;
        }
        Map<String, RuntimeValue> values = new HashMap<>();
        try {
            walk("", directory, 0, values);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return new Layer(source.name(), values);
    }

    private static void walk(String prefix, Path directory, int depth, Map<String, RuntimeValue> out)
            throws IOException {
        if (depth > MAX_DEPTH) {
            throw new IOException("Walk recursion depth exceeded " + MAX_DEPTH);
        }
        List<Path> children;
        try (Stream<Path> list = Files.list(directory)) {
            children = list.toList();
        }
        for (Path child : children) {
            String name = prefix + child.getFileName();
            if (Files.isDirectory(child)) {
                walk(name + ".", child, depth + 1, out);
            } else if (Files.isRegularFile(child)) {
                if (Files.size(child) > MAX_FILE_BYTES) {
                    throw new IOException("runtime file " + child + " has more than " + MAX_FILE_BYTES + " bytes");
                }
                out.put(
                        name,
                        RuntimeValue.parse(withoutComments(Files.readString(child, StandardCharsets.ISO_8859_1))));
            }
        }
    }

    /** Lines that start with # are comments; space at the end does not count. */
    private static String withoutComments(String text) {
        StringBuilder out = new StringBuilder();
        for (String line : text.split("\n", -1)) {
            if (!line.startsWith("#")) {
                out.append(out.length() > 0 ? "\n" : "").append(line);
            }
        }
        return out.toString().stripTrailing();
    }
}
