package dev.mishap.proxy.cluster.lb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.EndpointGroup;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.HealthStatus;
import dev.mishap.proxy.cluster.HostSet;
import dev.mishap.proxy.cluster.LoadAssignment;
import dev.mishap.proxy.cluster.Locality;
import dev.mishap.proxy.cluster.PriorityLoad;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PreviousPrioritiesTest {
    private static final PriorityLoad BASE = PriorityLoad.only(0, false, 3);

    private static List<HostSet> levels(HealthStatus... each) {
        List<EndpointGroup> groups = new ArrayList<>();
        for (int i = 0; i < each.length; i++) {
            EndpointConfig config =
                    EndpointConfig.at("127.0.0.1", i + 1).in(Locality.NONE, i).withHealth(each[i]);
            Endpoint e = new Endpoint(new InetSocketAddress("127.0.0.1", i + 1), "", config);
            groups.add(new EndpointGroup(Locality.NONE, i, 0, List.of(e)));
        }
        return new EndpointSet(groups, LoadAssignment.Policy.DEFAULT, null).priorities();
    }

    private static Endpoint of(List<HostSet> levels, int priority) {
        return levels.get(priority).all().get(0);
    }

    private static List<Integer> healthy(PriorityLoad load, int n) {
        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            all.add(load.healthy(i));
        }
        return all;
    }

    @Test
    void what_was_tried_is_left_out_until_all_were() {
        List<HostSet> levels = levels(HealthStatus.HEALTHY, HealthStatus.HEALTHY, HealthStatus.HEALTHY);
        PreviousPriorities previous = new PreviousPriorities(1);
        assertThat(previous.load(levels, BASE)).isSameAs(BASE);
        previous.tried(of(levels, 0));
        assertThat(healthy(previous.load(levels, BASE), 3)).containsExactly(0, 100, 0);
        assertThat(healthy(previous.load(levels, BASE), 3)).containsExactly(0, 100, 0);
        previous.tried(of(levels, 1));
        assertThat(healthy(previous.load(levels, BASE), 3)).containsExactly(0, 0, 100);
        previous.tried(of(levels, 2));
        assertThat(healthy(previous.load(levels, BASE), 3)).containsExactly(100, 0, 0);
    }

    @Test
    void the_load_changes_after_so_many_tries() {
        List<HostSet> levels = levels(HealthStatus.HEALTHY, HealthStatus.HEALTHY);
        PreviousPriorities previous = new PreviousPriorities(2);
        previous.tried(of(levels, 0));
        assertThat(previous.load(levels, BASE)).isSameAs(BASE);
        previous.tried(of(levels, 0));
        assertThat(healthy(previous.load(levels, BASE), 2)).containsExactly(0, 100);
        previous.tried(of(levels, 1));
        assertThat(healthy(previous.load(levels, BASE), 2)).containsExactly(0, 100);
    }

    @Test
    void the_sick_are_passed_over_and_the_degraded_taken() {
        List<HostSet> levels = levels(HealthStatus.HEALTHY, HealthStatus.UNHEALTHY, HealthStatus.DEGRADED);
        PreviousPriorities previous = new PreviousPriorities(1);
        previous.tried(of(levels, 0));
        PriorityLoad load = previous.load(levels, BASE);
        assertThat(healthy(load, 3)).containsExactly(0, 0, 0);
        assertThat(load.degraded(2)).isEqualTo(100);
    }

    @Test
    void nobody_who_could_take_it_leaves_the_load_as_it_is() {
        List<HostSet> levels = levels(HealthStatus.UNHEALTHY, HealthStatus.UNHEALTHY);
        PreviousPriorities previous = new PreviousPriorities(1);
        previous.tried(of(levels, 0));
        assertThat(previous.load(levels, BASE)).isSameAs(BASE);
    }
}
