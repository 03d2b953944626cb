package dev.mishap.control.base;

import dev.mishap.control.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** The dependencies of a fleet as a YAML file of kind Fleet. */
public final class FleetFile {
    private static final long MAX_BYTES = 1 << 20;
    private static final int FIRST_PORT = 10000;

    private FleetFile() {}

    /**
     * Reads a file.
     *
     * @throws IOException when it cannot be read
     * @throws IllegalArgumentException naming file and field
     */
    public static List<Dependency> read(Path file) throws IOException {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new IOException("is larger than 1 MiB");
            }
            return parse(Files.readString(file), file.toString());
        } catch (IOException e) {
            throw new IOException(file + ": " + Failures.text(e), e);
        }
    }

    static List<Dependency> parse(String text, String file) {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        options.setNestingDepthLimit(16);
        Object tree;
        try {
            tree = new Yaml(new SafeConstructor(options)).load(text);
        } catch (YAMLException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
        try {
            Map<?, ?> document = mapping(tree, "the document");
            if (document.containsKey("static_resources") || document.containsKey("dynamic_resources")) {
                throw new IllegalArgumentException(
                        "this is the bootstrap of a proxy (`mishap proxy -c`); expected a Fleet of mishap.dev/v1, which names dependencies."
                                + " Envoy resources for proxies go into files of --config-dir");
            }
            only(document, "the document", Set.of("apiVersion", "kind", "metadata", "spec"));
            if (!"mishap.dev/v1".equals(document.get("apiVersion")) || !"Fleet".equals(document.get("kind"))) {
                throw new IllegalArgumentException("expected apiVersion: mishap.dev/v1 and kind: Fleet");
            }
            Map<?, ?> spec = mapping(document.get("spec"), "spec");
            only(spec, "spec", Set.of("dependencies"));
            List<Dependency> dependencies = new ArrayList<>();
            for (Object each : list(spec.get("dependencies"), "spec.dependencies")) {
                dependencies.add(dependency(
                        each, "spec.dependencies[" + dependencies.size() + "]", FIRST_PORT + dependencies.size()));
            }
            return dependencies;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    private static Dependency dependency(Object tree, String path, int port) {
        Map<?, ?> map = mapping(tree, path);
        only(map, path, Set.of("name", "listen", "endpoints", "protocol", "tls"));
        try {
            List<Dependency.HostPort> endpoints = new ArrayList<>();
            for (Object endpoint : list(map.get("endpoints"), "endpoints")) {
                endpoints.add(Dependency.HostPort.parse(String.valueOf(endpoint)));
            }
            Object listen = map.get("listen");
            Object protocol = map.get("protocol");
            return new Dependency(
                    String.valueOf(map.get("name")),
                    listen == null
                            ? new Dependency.HostPort("127.0.0.1", port)
                            : Dependency.HostPort.parse(String.valueOf(listen)),
                    endpoints,
                    protocol == null ? Dependency.Protocol.HTTP : Dependency.protocol(String.valueOf(protocol)),
                    tls(map.get("tls")));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(path + ": " + e.getMessage(), e);
        }
    }

    private static Dependency.@Nullable Tls tls(@Nullable Object tree) {
        if (tree == null) {
            return null;
        }
        Map<?, ?> map = mapping(tree, "tls");
        only(map, "tls", Set.of("serverName", "ca"));
        if (!(map.get("serverName") instanceof String serverName) || !(map.get("ca") instanceof String ca)) {
            throw new IllegalArgumentException(
                    "tls needs serverName, and ca: a file on the proxies with the authority");
        }
        return new Dependency.Tls(serverName, ca);
    }

    private static void only(Map<?, ?> map, String path, Set<String> known) {
        for (Object key : map.keySet()) {
            if (!known.contains(String.valueOf(key))) {
                throw new IllegalArgumentException(path + ": unknown field '" + key + "'; known here: "
                        + String.join(", ", known.stream().sorted().toList()));
            }
        }
    }

    private static Map<?, ?> mapping(@Nullable Object tree, String path) {
        if (tree instanceof Map<?, ?> map) {
            return map;
        }
        throw new IllegalArgumentException(
                path + ": expected a mapping, found " + (tree instanceof List ? "a list" : "'" + tree + "'"));
    }

    private static List<?> list(@Nullable Object tree, String path) {
        if (tree instanceof List<?> list && !list.isEmpty()) {
            return list;
        }
        throw new IllegalArgumentException(path + ": expected a list of one or more");
    }
}
