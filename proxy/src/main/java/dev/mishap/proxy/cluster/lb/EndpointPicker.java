package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import java.util.List;

/** Picks one of a list of endpoints; the list is the same object until the cluster's endpoints change. Confined to one loop. */
interface EndpointPicker {
    /** An endpoint of {@code candidates}, which is not empty. */
    Endpoint pick(List<Endpoint> candidates);
}
