package dev.mishap.proxy.cluster;

import java.util.List;

/**
 * The endpoints of one {@code LocalityLbEndpoints} at work.
 *
 * @param locality where they are
 * @param priority 0 is used first
 * @param weight {@code load_balancing_weight} of the locality; 0 = none given
 * @param endpoints in order
 */
public record EndpointGroup(Locality locality, int priority, int weight, List<Endpoint> endpoints) {
    public EndpointGroup {
        endpoints = List.copyOf(endpoints);
    }
}
