package dev.mishap.control.overlay;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.mishap.control.base.Base;
import dev.mishap.control.base.FaultFilters;
import dev.mishap.control.base.NodeKind;
import dev.mishap.control.xds.DemandListener;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.ResourceLayer;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.control.xds.ViewUpdate;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configuration that a control plane upstream has for one node: asked for what the node asks for, and kept as it comes, bytes and
 * versions. When the control plane is gone the last configuration stays, and the stream is made anew.
 *
 * <p>All but the constructor and {@link #variant} runs on the executor's one thread.
 */
final class UpstreamBase extends Base implements DemandListener {
    private static final Logger LOG = LoggerFactory.getLogger(UpstreamBase.class);
    private static final String RESOURCE = "type.googleapis.com/envoy.service.discovery.v3.Resource";
    private static final long FIRST_BACKOFF_MILLIS = 200;
    private static final long MAX_BACKOFF_MILLIS = 15_000;

    private final NodeInfo node;
    private final UpstreamServers servers;
    private final ScheduledExecutorService executor;
    private final Consumer<UpstreamBase> onClose;
    private final Map<String, UpstreamType> types = new LinkedHashMap<>();
    /** Whether its clusters may have places for rules. */
    private final boolean discoversRules;

    private volatile @Nullable Boolean delta;
    private @Nullable UpstreamStream stream;
    private int attempt;
    private int failures;
    private boolean waiting;
    private boolean closed;
    private boolean dirty;

    private UpstreamBase(
            NodeInfo node,
            UpstreamServers servers,
            ScheduledExecutorService executor,
            Consumer<UpstreamBase> onClose,
            Demand demand) {
        super(ResourceLayer.lazy("upstream of " + node, demand));
        this.node = node;
        this.discoversRules = NodeKind.discoversRules(node);
        this.servers = servers;
        this.executor = executor;
        this.onClose = onClose;
        demand.to = this;
    }

    /** The layer wants its listener before there is a base. */
    private static final class Demand implements DemandListener {
        private volatile @Nullable UpstreamBase to;

        @Override
        public void wanted(String typeUrl, String name) {
            UpstreamBase base = to;
            if (base != null) {
                base.wanted(typeUrl, name);
            }
        }

        @Override
        public void unwanted(String typeUrl, String name) {
            UpstreamBase base = to;
            if (base != null) {
                base.unwanted(typeUrl, name);
            }
        }
    }

    static UpstreamBase of(
            NodeInfo node, UpstreamServers servers, ScheduledExecutorService executor, Consumer<UpstreamBase> onClose) {
        return new UpstreamBase(node, servers, executor, onClose, new Demand());
    }

    /** How the node's own stream is: the one upstream is the same. The first one counts. */
    void variant(boolean incremental) {
        if (delta == null) {
            delta = incremental;
        }
    }

    @Override
    public void wanted(String typeUrl, String name) {
        if (isOurs(typeUrl, name)) {
            return;
        }
        executor.execute(() -> {
            types.computeIfAbsent(typeUrl, UpstreamType::new).wanted.add(name);
            askSoon();
        });
    }

    @Override
    public void unwanted(String typeUrl, String name) {
        if (isOurs(typeUrl, name) || name.equals(ALL)) {
            return;
        }
        executor.execute(() -> {
            UpstreamType type = types.get(typeUrl);
            if (type != null && type.wanted.remove(name)) {
                askSoon();
                if (!type.wildcard()) {
                    // Nobody is told of its changes any more, so it must not be served from here.
                    type.versions.remove(name);
                    layer().update(new ViewUpdate().remove(typeUrl, name));
                }
            }
        });
    }

    /** What faults add is no business of the control plane upstream. */
    private static boolean isOurs(String typeUrl, String name) {
        return typeUrl.equals(TypeUrls.EXTENSION_CONFIG) && FaultFilters.isOurs(name);
    }

    /** Names that come in one turn are asked for in one request. */
    private void askSoon() {
        if (!dirty) {
            dirty = true;
            executor.execute(() -> {
                dirty = false;
                ask();
            });
        }
    }

    private void ask() {
        if (closed || waiting) {
            return;
        }
        UpstreamStream open = stream;
        if (open == null) {
            open = new UpstreamStream(
                    servers.channel(attempt), servers.token(), Boolean.TRUE.equals(delta), new Events());
            stream = open;
        }
        for (UpstreamType type : types.values()) {
            if (!type.wanted.equals(type.asked) || !type.opened && !type.wanted.isEmpty()) {
                ask(open, type);
            }
        }
    }

    private void ask(UpstreamStream open, UpstreamType type) {
        if (open.delta()) {
            DeltaDiscoveryRequest.Builder request =
                    DeltaDiscoveryRequest.newBuilder().setTypeUrl(type.typeUrl);
            if (!type.opened) {
                request.putAllInitialResourceVersions(type.versions);
            }
            if (type.opened || !type.onlyWildcard()) {
                type.wanted.stream().filter(n -> !type.asked.contains(n)).forEach(request::addResourceNamesSubscribe);
            }
            type.asked.stream().filter(n -> !type.wanted.contains(n)).forEach(request::addResourceNamesUnsubscribe);
            open.send(request, node);
        } else {
            open.send(stateRequest(type).setResponseNonce(type.nonce), node);
        }
        type.opened = true;
        type.asked.clear();
        type.asked.addAll(type.wanted);
    }

    private static DiscoveryRequest.Builder stateRequest(UpstreamType type) {
        DiscoveryRequest.Builder request =
                DiscoveryRequest.newBuilder().setTypeUrl(type.typeUrl).setVersionInfo(type.version);
        if (!type.onlyWildcard()) {
            request.addAllResourceNames(type.wanted);
        }
        return request;
    }

    /** What the stream tells, on the executor's thread. */
    private final class Events implements UpstreamStream.Listener {
        @Override
        public void onState(UpstreamStream from, DiscoveryResponse response) {
            executor.execute(() -> {
                if (from == stream) {
                    state(from, response);
                }
            });
        }

        @Override
        public void onDelta(UpstreamStream from, DeltaDiscoveryResponse response) {
            executor.execute(() -> {
                if (from == stream) {
                    delta(from, response);
                }
            });
        }

        @Override
        public void onEnd(UpstreamStream from, String reason) {
            executor.execute(() -> {
                if (from == stream) {
                    ended(reason);
                }
            });
        }
    }

    private void state(UpstreamStream from, DiscoveryResponse response) {
        failures = 0;
        UpstreamType type = types.computeIfAbsent(response.getTypeUrl(), UpstreamType::new);
        ViewUpdate update = new ViewUpdate().label(type.typeUrl, response.getVersionInfo());
        Set<String> present = new LinkedHashSet<>();
        for (Any any : response.getResourcesList()) {
            try {
                put(type, any, response.getVersionInfo(), update, present);
            } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
                LOG.warn("{}: a resource of {} cannot be read and is left out: {}", this, type.typeUrl, e.getMessage());
            }
        }
        boolean whole = type.typeUrl.equals(TypeUrls.LISTENER) || type.typeUrl.equals(TypeUrls.CLUSTER);
        if (whole) {
            Set<String> gone = new HashSet<>(type.versions.keySet());
            gone.addAll(type.wanted);
            gone.removeAll(present);
            gone.remove(ALL);
            gone.forEach(name -> {
                update.hide(type.typeUrl, name);
                type.versions.remove(name);
            });
        }
        if (type.wildcard()) {
            update.complete(type.typeUrl);
        }
        type.version = response.getVersionInfo();
        type.nonce = response.getNonce();
        apply(type, update);
        from.send(stateRequest(type).setResponseNonce(type.nonce), node);
    }

    private void put(UpstreamType type, Any any, String version, ViewUpdate update, Set<String> present)
            throws InvalidProtocolBufferException {
        if (!any.getTypeUrl().equals(RESOURCE)) {
            dev.mishap.control.xds.Resource resource =
                    dev.mishap.control.xds.Resource.of(any.getTypeUrl(), FirstField.of(any.getValue()), any.getValue());
            present.add(resource.name());
            type.versions.put(resource.name(), version);
            update.put(resource);
            return;
        }
        Resource wrapped = Resource.parseFrom(any.getValue());
        String name = wrapped.getName();
        present.add(name);
        if (wrapped.hasResource()) {
            type.versions.put(name, wrapped.getVersion());
            update.put(dev.mishap.control.xds.Resource.of(
                            wrapped.getResource().getTypeUrl(),
                            name,
                            wrapped.getResource().getValue())
                    .withTtl(ttl(wrapped)));
        }
    }

    private static @Nullable Duration ttl(Resource wrapped) {
        return wrapped.hasTtl()
                ? Duration.ofSeconds(
                        wrapped.getTtl().getSeconds(), wrapped.getTtl().getNanos())
                : null;
    }

    private void delta(UpstreamStream from, DeltaDiscoveryResponse response) {
        failures = 0;
        UpstreamType type = types.computeIfAbsent(response.getTypeUrl(), UpstreamType::new);
        ViewUpdate update = new ViewUpdate();
        for (Resource resource : response.getResourcesList()) {
            // Without a body it is a heartbeat.
            if (resource.hasResource()) {
                type.versions.put(resource.getName(), resource.getVersion());
                update.put(dev.mishap.control.xds.Resource.of(
                                resource.getResource().getTypeUrl(),
                                resource.getName(),
                                resource.getVersion(),
                                resource.getResource().getValue())
                        .withTtl(ttl(resource))
                        .withAliases(List.copyOf(resource.getAliasesList())));
            }
        }
        for (String name : response.getRemovedResourcesList()) {
            type.versions.remove(name);
            update.hide(type.typeUrl, name);
        }
        if (type.wildcard()) {
            update.complete(type.typeUrl);
        }
        apply(type, update);
        from.send(
                DeltaDiscoveryRequest.newBuilder().setTypeUrl(type.typeUrl).setResponseNonce(response.getNonce()),
                node);
    }

    private void apply(UpstreamType type, ViewUpdate update) {
        layer().update(update);
        if (type.typeUrl.equals(TypeUrls.LISTENER)
                || type.typeUrl.equals(TypeUrls.ROUTE)
                || type.typeUrl.equals(TypeUrls.CLUSTER) && discoversRules) {
            changed();
        }
    }

    private void ended(String reason) {
        stream = null;
        types.values().forEach(UpstreamType::streamLost);
        if (closed) {
            return;
        }
        long delay = Math.min(MAX_BACKOFF_MILLIS, FIRST_BACKOFF_MILLIS << Math.min(failures, 10));
        delay = delay / 2 + ThreadLocalRandom.current().nextLong(delay / 2 + 1);
        (failures == 0 ? LOG.atWarn() : LOG.atDebug())
                .log("{}: {} is lost ({}); its last configuration stays", this, servers.target(attempt), reason);
        failures++;
        attempt++;
        waiting = true;
        executor.schedule(
                () -> {
                    waiting = false;
                    ask();
                },
                delay,
                TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        onClose.accept(this);
        executor.execute(() -> {
            closed = true;
            UpstreamStream open = stream;
            if (open != null) {
                stream = null;
                open.close();
            }
        });
    }
}
