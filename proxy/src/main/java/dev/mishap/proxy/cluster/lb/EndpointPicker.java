package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import java.util.List;

/** Picks one of a list of endpoints. Confined to one loop; it outlives a change of the list, so that turns go on where they were. */
interface EndpointPicker {
    /** Has the picker pick of {@code endpoints}, which are not empty, from now on. */
    void update(List<Endpoint> endpoints);

    Endpoint pick();
}
