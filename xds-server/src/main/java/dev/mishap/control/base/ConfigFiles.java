package dev.mishap.control.base;

import com.google.protobuf.Any;
import dev.mishap.control.Failures;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.ResourceLayer;
import dev.mishap.control.xds.ViewUpdate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * A directory of Envoy resources: each file holds documents, each a DiscoveryResponse ({@code resources: […]}) or one resource with its
 * {@code @type}. All of it is applied or, when one thing in it is wrong, nothing: the last good state serves on.
 */
public final class ConfigFiles implements BaseConfig {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigFiles.class);
    private static final long POLL_MILLIS = 500;
    private static final int MAX_FILES = 10_000;
    private static final long MAX_BYTES = 64 << 20;

    private final Path directory;
    private final ResourceLayer layer;
    private final Base base;
    private final ScheduledExecutorService poller;
    private Map<String, Resource> served = Map.of();
    private String seen = "";

    private static final class Changing extends Base {
        Changing(ResourceLayer layer) {
            super(layer);
        }

        void tell() {
            changed();
        }
    }

    private ConfigFiles(Path directory) {
        this.directory = directory;
        layer = ResourceLayer.named("files of " + directory);
        base = new Changing(layer);
        poller = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "config-files");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Reads the directory and follows it.
     *
     * @throws IOException naming the file and field that is wrong
     */
    public static ConfigFiles watch(Path directory) throws IOException {
        ConfigFiles files = new ConfigFiles(directory);
        try {
            files.load();
        } catch (IOException e) {
            files.close();
            throw e;
        }
        files.poller.scheduleWithFixedDelay(files::reload, POLL_MILLIS, POLL_MILLIS, TimeUnit.MILLISECONDS);
        return files;
    }

    private void reload() {
        try {
            if (load()) {
                LOG.info("the configuration was read again: {}", describe());
            }
        } catch (IOException e) {
            LOG.warn("the changed configuration cannot be used, the one of before serves on: {}", Failures.text(e));
        } catch (RuntimeException e) {
            LOG.warn("the changed configuration cannot be used, the one of before serves on", e);
        }
    }

    /** Whether anything was new. A state that is refused is not looked at again until it changes. */
    private boolean load() throws IOException {
        Map<String, byte[]> contents = contents();
        String digest = digest(contents);
        if (digest.equals(seen)) {
            return false;
        }
        seen = digest;
        Map<String, Resource> next = new LinkedHashMap<>();
        Map<String, String> from = new LinkedHashMap<>();
        for (Map.Entry<String, byte[]> file : contents.entrySet()) {
            for (Resource resource : read(file.getKey(), file.getValue())) {
                String key = resource.typeUrl() + ' ' + resource.name();
                if (next.put(key, resource) != null) {
                    throw new IOException(file.getKey() + ": " + resource + " stands in " + from.get(key) + ", too");
                }
                from.put(key, file.getKey());
            }
        }
        ViewUpdate update = new ViewUpdate();
        next.forEach((key, resource) -> {
            if (!resource.equals(served.get(key))) {
                update.put(resource);
            }
        });
        served.forEach((key, resource) -> {
            if (!next.containsKey(key)) {
                update.remove(resource.typeUrl(), resource.name());
            }
        });
        served = next;
        if (!update.isEmpty()) {
            layer.update(update);
            ((Changing) base).tell();
        }
        return true;
    }

    private Map<String, byte[]> contents() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(directory)) {
            files = all.filter(ConfigFiles::isConfig)
                    .sorted()
                    .limit(MAX_FILES + 1L)
                    .toList();
        } catch (IOException e) {
            throw new IOException(directory + ": " + Failures.text(e), e);
        }
        if (files.size() > MAX_FILES) {
            throw new IOException(directory + ": has more than " + MAX_FILES + " files");
        }
        Map<String, byte[]> contents = new LinkedHashMap<>();
        long bytes = 0;
        for (Path file : files) {
            byte[] content = Files.readAllBytes(file);
            bytes += content.length;
            if (bytes > MAX_BYTES) {
                throw new IOException(directory + ": its files are larger than 64 MiB together");
            }
            contents.put(String.valueOf(file.getFileName()), content);
        }
        return contents;
    }

    private static boolean isConfig(Path file) {
        String name = String.valueOf(file.getFileName());
        return !name.startsWith(".")
                && (name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json"))
                && Files.isRegularFile(file);
    }

    private static String digest(Map<String, byte[]> contents) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            contents.forEach((name, bytes) -> {
                digest.update((name + ' ' + bytes.length + '\n').getBytes(StandardCharsets.UTF_8));
                digest.update(bytes);
            });
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    static List<Resource> read(String file, byte[] bytes) throws IOException {
        List<Resource> resources = new ArrayList<>();
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        options.setMaxAliasesForCollections(50);
        options.setNestingDepthLimit(100);
        options.setCodePointLimit((int) MAX_BYTES);
        try {
            Iterable<Object> documents =
                    new Yaml(new SafeConstructor(options)).loadAll(new String(bytes, StandardCharsets.UTF_8));
            int number = 0;
            for (Object document : documents) {
                String place = number++ == 0 ? "" : "document " + number;
                if (document != null) {
                    read(document, place, resources);
                }
            }
            return resources;
        } catch (YAMLException | IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static void read(Object document, String place, List<Resource> into) {
        if (!(document instanceof Map<?, ?> map)) {
            throw new MessageReader.BadMessage(place, "expected a mapping");
        }
        if (map.get("@type") != null) {
            into.add(resource(map, place));
            return;
        }
        if (!(map.get("resources") instanceof List<?> list)) {
            throw new MessageReader.BadMessage(
                    place, "expected a resource with its @type, or a DiscoveryResponse with resources");
        }
        for (int i = 0; i < list.size(); i++) {
            into.add(resource(list.get(i), (place.isEmpty() ? "" : place + ".") + "resources[" + i + "]"));
        }
    }

    private static Resource resource(Object tree, String place) {
        Any any = MessageReader.any(tree, place);
        Object name = tree instanceof Map<?, ?> map
                ? map.containsKey("name") ? map.get("name") : map.get("cluster_name")
                : null;
        if (!(name instanceof String text) || text.isEmpty()) {
            throw new MessageReader.BadMessage(place, "the resource has no name");
        }
        return Resource.of(any.getTypeUrl(), text, any.getValue());
    }

    @Override
    public Base of(NodeInfo node) {
        return base;
    }

    @Override
    public boolean mayInsert() {
        return true;
    }

    @Override
    public String describe() {
        return "files of " + directory + ", " + served.size() + (served.size() == 1 ? " resource" : " resources");
    }

    @Override
    public void close() {
        poller.shutdownNow();
    }
}
