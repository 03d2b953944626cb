package dev.mishap.proxy.runtime;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.runtime.LayeredSnapshot.Layer;
import dev.mishap.proxy.runtime.RuntimeLayers.Kind;
import dev.mishap.proxy.runtime.RuntimeLayers.Source;
import dev.mishap.proxy.xds.ConfigSources;
import dev.mishap.proxy.xds.InitManager;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the runtime snapshot of now and replaces it when a layer changes: by {@link #modify}, or when the symbolic link of a
 * disk layer is moved into place. Readers take the snapshot by one volatile read.
 */
public final class RuntimeLoader implements Supplier<RuntimeSnapshot>, AutoCloseable {
    public static final List<SupportedFields> FIELDS = RuntimeLayers.FIELDS;

    private static final Logger LOG = LoggerFactory.getLogger("runtime");

    private final List<Source> sources;
    private final Map<String, RuntimeValue> adminValues = new HashMap<>(); // guarded by this
    /** Of discovered layers, by the layer's name. */
    private final Map<String, Map<String, RuntimeValue>> discovered = new HashMap<>(); // guarded by this

    private final List<Rtds> subscriptions = new ArrayList<>();
    private volatile RuntimeSnapshot snapshot = RuntimeSnapshot.EMPTY;
    private volatile @Nullable LayeredSnapshot layered;
    private @Nullable WatchService watcher;

    private final Counter loadSuccess;
    private final Counter loadError;
    private final Counter overrideDirExists;
    private final Counter overrideDirNotExists;
    private final Gauge numKeys;
    private final Gauge numLayers;
    private final Gauge adminOverridesActive;

    /**
     * Loads the layers and watches those on disk.
     *
     * @param layeredRuntime {@code Bootstrap.layered_runtime}, null = no layers
     * @param serviceCluster {@code node.cluster}, which disk layers with {@code append_service_cluster} append
     * @param stats the root scope; stats are {@code runtime.*}
     * @throws dev.mishap.proxy.config.schema.ConfigException if the layers are wrong
     */
    public RuntimeLoader(@Nullable ConfigNode layeredRuntime, String serviceCluster, Scope stats) {
        Scope scope = stats.scope("runtime.");
        loadSuccess = scope.counter("load_success");
        loadError = scope.counter("load_error");
        overrideDirExists = scope.counter("override_dir_exists");
        overrideDirNotExists = scope.counter("override_dir_not_exists");
        numKeys = scope.gauge("num_keys");
        numLayers = scope.gauge("num_layers");
        adminOverridesActive = scope.gauge("admin_overrides_active");
        scope.counter("deprecated_feature_use");
        scope.gauge("deprecated_feature_seen_since_process_start");
        sources = RuntimeLayers.from(layeredRuntime, serviceCluster);
        load();
        if (sources.stream().anyMatch(s -> s.kind() == Kind.DISK)) {
            watch();
        }
    }

    @Override
    public RuntimeSnapshot get() {
        return snapshot;
    }

    /** Whether values can be changed by {@link #modify}. */
    public boolean hasAdminLayer() {
        return sources.stream().anyMatch(s -> s.kind() == Kind.ADMIN);
    }

    /** Sets values of the admin layer; an empty value removes the key from it. */
    public synchronized void modify(Map<String, String> changes) {
        changes.forEach((key, value) -> {
            if (value.isEmpty()) {
                adminValues.remove(key);
            } else {
                adminValues.put(key, RuntimeValue.parse(value));
            }
        });
        load();
    }

    /** What /runtime shows: {@code layers}, and {@code entries} with each layer's value and the one that holds. */
    public Map<String, @Nullable Object> dump() {
        LayeredSnapshot now = layered;
        return (now == null ? new LayeredSnapshot(List.of()) : now).dump();
    }

    /** Reads all layers anew. Envoy does so once more when its clusters are ready; so does the server, for equal stats. */
    public synchronized void load() {
        List<Layer> layers = new ArrayList<>();
        int disks = 0;
        int errors = 0;
        for (Source source : sources) {
            switch (source.kind()) {
                case STATIC -> layers.add(new Layer(source.name(), source.fixed()));
                case ADMIN -> {
                    layers.add(new Layer(source.name(), Map.copyOf(adminValues)));
                    adminOverridesActive.set(adminValues.isEmpty() ? 0 : 1);
                }
                case RTDS -> layers.add(new Layer(source.name(), discovered.getOrDefault(source.name(), Map.of())));
                case DISK -> {
                    try {
                        Layer layer = RuntimeLayers.readDisk(source);
                        if (layer != null) {
                            layers.add(layer);
                            disks++;
                        }
                    } catch (IOException e) {
                        errors++;
                        LOG.warn(
                                "error loading runtime values for layer {} from disk: {}", source.name(), e.toString());
                    }
                }
            }
        }
        LayeredSnapshot next = new LayeredSnapshot(layers);
        layered = next;
        // a snapshot without keys answers without a look-up, which is how most proxies run
        snapshot = next.keys() == 0 ? RuntimeSnapshot.EMPTY : next;
        numKeys.set(next.keys());
        numLayers.set(next.layerCount());
        (errors == 0 ? loadSuccess : loadError).inc();
        (disks > 1 ? overrideDirExists : overrideDirNotExists).inc();
    }

    /**
     * Makes the subscriptions to the layers that are discovered.
     *
     * @throws dev.mishap.proxy.config.schema.ConfigException when there can be no such source
     */
    public void subscribe(ConfigSources configSources, Scope stats) {
        for (Source source : sources) {
            ConfigNode rtds = source.rtds();
            if (rtds != null) {
                subscriptions.add(new Rtds(rtds, configSources, stats, values -> discovered(source.name(), values)));
            }
        }
    }

    /** Starts them; {@code ready} runs when each has had its first answer. Called once, on the main loop. */
    public void startDiscovery(Runnable ready) {
        InitManager init = new InitManager("RTDS");
        subscriptions.forEach(s -> init.add(s.target()));
        init.initialize(() -> {
            LOG.info("RTDS has finished initialization");
            ready.run();
        });
    }

    private synchronized void discovered(String layer, @Nullable Object struct) {
        discovered.put(layer, RuntimeLayers.fixed(struct));
        load();
    }

    private void watch() {
        try {
            WatchService service = FileSystems.getDefault().newWatchService();
            Map<WatchKey, List<Path>> links = new HashMap<>();
            for (Source source : sources) {
                Path root = source.root();
                Path parent = root == null ? null : root.toAbsolutePath().getParent();
                if (root != null && parent != null && parent.toFile().isDirectory()) {
                    WatchKey key = parent.register(service, StandardWatchEventKinds.ENTRY_CREATE);
                    links.computeIfAbsent(key, k -> new ArrayList<>()).add(root.getFileName());
                }
            }
            watcher = service;
            Thread thread = new Thread(null, () -> follow(service, links), "RuntimeWatch", 256 * 1024);
            thread.setDaemon(true);
            thread.start();
        } catch (IOException e) {
            LOG.warn("can't watch the runtime's disk layers, their changes need a restart: {}", e.toString());
        }
    }

    private void follow(WatchService service, Map<WatchKey, List<Path>> links) {
        try {
            while (true) {
                WatchKey key = service.take();
                for (WatchEvent<?> event : key.pollEvents()) {
                    for (Path link : links.getOrDefault(key, List.of())) {
                        if (link.equals(event.context())) {
                            load(); // once a layer, as each watches its own link
                        }
                    }
                }
                key.reset();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ClosedWatchServiceException e) {
            // closed: the process ends
        }
    }

    @Override
    public void close() {
        subscriptions.forEach(Rtds::close);
        WatchService service = watcher;
        if (service != null) {
            try {
                service.close();
            } catch (IOException e) {
                LOG.debug("closing the runtime's watch", e);
            }
        }
    }
}
