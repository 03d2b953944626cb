package dev.mishap.proxy.cluster.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.AddressText;
import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.ClusterFeature;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.HealthFlag;
import dev.mishap.proxy.cluster.HealthStatus;
import dev.mishap.proxy.cluster.LoadAssignment;
import dev.mishap.proxy.cluster.Locality;
import dev.mishap.proxy.cluster.lb.LbPolicies;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MembersTest {
    private final StatsStore stats = new StatsStore();

    private static final ClusterFeature CHECKS = new ClusterFeature() {
        @Override
        public Runnable start(Cluster cluster, Runnable initialized) {
            initialized.run();
            return () -> {};
        }

        @Override
        public boolean checksHealth() {
            return true;
        }
    };

    private Cluster cluster(boolean checked) {
        ClusterConfig.Builder config =
                ClusterConfig.builder("c", StaticDiscovery.of(List.of()), LbPolicies.ROUND_ROBIN);
        if (checked) {
            config.feature(CHECKS);
        }
        return new Cluster(config.build(), stats);
    }

    private static LoadAssignment assignment(EndpointConfig... endpoints) {
        return LoadAssignment.of(Stream.of(endpoints).toList());
    }

    private static EndpointConfig at(int port) {
        return EndpointConfig.at("127.0.0.1", port);
    }

    private static List<String> shown(Cluster c) {
        return c.endpoints().all().stream().map(Endpoint::toString).toList();
    }

    @Test
    void an_endpoint_stays_itself_while_its_address_stays() {
        Cluster c = cluster(false);
        Members members = new Members(c);
        assertThat(members.update(assignment(at(1), at(2)))).isTrue();
        Endpoint first = c.endpoints().all().get(0);
        assertThat(members.update(assignment(at(1), at(2)))).isFalse();
        assertThat(members.update(assignment(at(1).withWeight(7).withHealth(HealthStatus.DRAINING), at(3))))
                .isTrue();
        assertThat(c.endpoints().all().get(0)).isSameAs(first);
        assertThat(first.weight()).isEqualTo(7);
        assertThat(first.healthText()).isEqualTo("/eds_status_draining");
        assertThat(shown(c)).containsExactly("127.0.0.1:1", "127.0.0.1:3");
        assertThat(stats.value("cluster.c.max_host_weight")).isEqualTo(7);
        assertThat(stats.value("cluster.c.membership_excluded")).isEqualTo(1);
        members.update(assignment(at(1).in(new Locality("r", "", ""), 0)));
        assertThat(c.endpoints().all().get(0))
                .as("another place is another endpoint")
                .isNotSameAs(first);
    }

    @Test
    void additional_addresses_are_those_that_came_with_the_endpoint() {
        Cluster c = cluster(false);
        Members members = new Members(c);
        members.update(assignment(at(1).withAdditional(List.of(new EndpointConfig.Address("127.0.0.1", 2)))));
        Endpoint e = c.endpoints().all().get(0);
        assertThat(e.addresses()).map(AddressText::of).containsExactly("127.0.0.1:1", "127.0.0.1:2");
        assertThat(members.update(
                        assignment(at(1).withAdditional(List.of(new EndpointConfig.Address("127.0.0.1", 3))))))
                .as("as in Envoy")
                .isFalse();
        assertThat(e.addresses()).map(AddressText::of).containsExactly("127.0.0.1:1", "127.0.0.1:2");
    }

    @Test
    void the_healthy_stay_until_they_are_not() {
        Cluster c = cluster(true);
        Members members = new Members(c);
        members.update(assignment(at(1), at(2)));
        Endpoint second = c.endpoints().all().get(1);
        members.update(assignment(at(1)));
        assertThat(shown(c)).containsExactly("127.0.0.1:1", "127.0.0.1:2");
        assertThat(second.has(HealthFlag.PENDING_DYNAMIC_REMOVAL)).isTrue();
        assertThat(members.prune()).isFalse();
        second.set(HealthFlag.FAILED_ACTIVE_HC, true);
        assertThat(members.prune()).isTrue();
        assertThat(shown(c)).containsExactly("127.0.0.1:1");
    }

    @Test
    void one_that_is_assigned_again_is_kept() {
        Cluster c = cluster(true);
        Members members = new Members(c);
        members.update(assignment(at(1), at(2)));
        Endpoint second = c.endpoints().all().get(1);
        members.update(assignment(at(1)));
        members.update(assignment(at(1), at(2)));
        assertThat(second.has(HealthFlag.PENDING_DYNAMIC_REMOVAL)).isFalse();
        assertThat(c.endpoints().contains(second)).isTrue();
    }
}
