package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Discovery;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.EndpointGroup;
import dev.mishap.proxy.cluster.EndpointSource;
import dev.mishap.proxy.cluster.LoadAssignment;
import java.util.ArrayList;
import java.util.List;

/** STATIC: the endpoints of the configuration, there from the first moment. */
public record StaticDiscovery(LoadAssignment assignment) implements Discovery {
    /** Endpoints without locality, each of its own priority. */
    public static StaticDiscovery of(List<EndpointConfig> endpoints) {
        List<LoadAssignment.Group> each = new ArrayList<>();
        for (EndpointConfig e : endpoints) {
            each.add(new LoadAssignment.Group(e.locality(), e.priority(), 0, List.of(e)));
        }
        return new StaticDiscovery(new LoadAssignment("", each, LoadAssignment.Policy.DEFAULT));
    }

    @Override
    public boolean changes() {
        return false;
    }

    @Override
    public EndpointSource open(Cluster cluster) {
        List<EndpointGroup> groups = new ArrayList<>();
        for (LoadAssignment.Group g : assignment.groups()) {
            List<Endpoint> all = new ArrayList<>();
            for (EndpointConfig e : g.endpoints()) {
                all.add(Addresses.endpoint(e));
            }
            groups.add(new EndpointGroup(g.locality(), g.priority(), g.weight(), all));
        }
        cluster.update(groups, assignment.policy());
        return EndpointSource.READY;
    }
}
