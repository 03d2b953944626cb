package dev.mishap.control.compile;

import dev.mishap.control.base.Base;
import dev.mishap.control.base.FaultFilters;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.ResourceLayer;
import dev.mishap.control.xds.ResourceView;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.control.xds.ViewUpdate;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** A node that is or was connected: its base, and over it the faults that it has now. */
final class FleetNode {
    final NodeInfo info;
    final NodeCapabilities capabilities;
    final String namespace;
    final Base base;
    final ResourceView view;

    private final Map<String, String> labels;
    private final String locality;
    private final ResourceLayer faults;
    private Map<String, Resource> sent = Map.of();
    private volatile NodePlan plan = NodePlan.NONE;
    /** How many streams of it are open. */
    final AtomicInteger streams = new AtomicInteger();
    /** When it was last seen without a stream, by the sweeper; 0 = it has one. */
    volatile long idleSinceNanos;

    FleetNode(NodeInfo info, Base base) {
        this.info = info;
        this.capabilities = NodeCapabilities.of(info);
        this.namespace = NodeCapabilities.namespace(info);
        this.labels = NodeCapabilities.labels(info);
        this.locality = NodeCapabilities.locality(info);
        this.base = base;
        this.faults = ResourceLayer.named("faults of " + info);
        this.view = ResourceView.of(base.layer(), faults);
    }

    /** Whether a rule is for it. */
    boolean isTargetOf(ActiveRule rule) {
        return rule.namespace().equals(namespace)
                && rule.rule().targets().match(info.cluster(), info.id(), labels, locality);
    }

    NodePlan plan() {
        return plan;
    }

    /** Makes a plan the node's; only what differs from the last is pushed. Under the node's lock. */
    void put(NodePlan next) {
        if (next == plan) {
            return;
        }
        Map<String, Resource> wanted = new HashMap<>();
        ViewUpdate update = new ViewUpdate();
        for (Resource resource : next.resources()) {
            String key = resource.typeUrl() + ' ' + resource.name();
            wanted.put(key, resource);
            if (!resource.equals(sent.get(key))) {
                update.put(resource);
            }
        }
        sent.forEach((key, resource) -> {
            if (wanted.containsKey(key)) {
                return;
            }
            boolean ofTheBase =
                    base.layer().resource(resource.typeUrl(), resource.name()).isPresent();
            if (resource.typeUrl().equals(TypeUrls.EXTENSION_CONFIG) && !ofTheBase) {
                // A filter that we put in stays: nothing in the state of the world would tell it that its fault is
                // over.
                Resource nothing = FaultFilters.emptied(resource);
                wanted.put(key, nothing);
                if (!nothing.equals(resource)) {
                    update.put(nothing);
                }
            } else {
                update.remove(resource.typeUrl(), resource.name());
            }
        });
        sent = wanted;
        plan = next;
        if (!update.isEmpty()) {
            faults.update(update);
        }
    }
}
