package dev.mishap.control.compile;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import dev.mishap.control.base.FaultFilters;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.rules.text.RuleLine;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** More rules than a listener has fault filters: a mesh's outbound listener with two filters and ten services. */
class SharedFiltersTest {
    private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
    private static final int SERVICES = 10;

    private final NodeInfo envoy = Nodes.switched("checkout", "e1");

    private static BaseShape mesh() {
        HttpConnectionManager manager = HttpConnectionManager.newBuilder()
                .setRds(Rds.newBuilder().setRouteConfigName("outbound"))
                .addAllHttpFilters(FaultFilters.of("mesh", 2))
                .build();
        Listener listener = Listener.newBuilder()
                .setName("mesh")
                .addFilterChains(FilterChain.newBuilder()
                        .addFilters(Filter.newBuilder().setName("hcm").setTypedConfig(Any.pack(manager))))
                .build();
        VirtualHost.Builder host = VirtualHost.newBuilder().setName("all").addDomains("*");
        for (int i = 0; i < SERVICES; i++) {
            host.addRoutes(Route.newBuilder()
                    .setName("r" + i)
                    .setRoute(RouteAction.newBuilder().setCluster("c" + i)));
        }
        return BaseShape.of(
                List.of(Resource.of(listener)),
                List.of(Resource.of(RouteConfiguration.newBuilder()
                        .setName("outbound")
                        .addVirtualHosts(host)
                        .build())),
                List.of());
    }

    private NodePlan plan(NodeInfo node, NodePlan before, List<String> lines) {
        List<ActiveRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            rules.add(new ActiveRule("default", RuleLine.parse(lines.get(i), "x" + i), T0, null));
        }
        return new Planner(Duration.ofSeconds(5), true, 2)
                .plan(NodeCapabilities.of(node), mesh(), rules, before, T0.toEpochMilli());
    }

    private static List<String> unplaced(NodePlan plan) {
        return plan.honouring().entrySet().stream()
                .filter(entry -> !entry.getValue().honoured())
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    private static List<String> each(String line) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < SERVICES; i++) {
            lines.add(line.formatted(i));
        }
        return lines;
    }

    /** Route → filters that it configures. */
    private static Map<String, List<String>> placed(NodePlan plan) throws Exception {
        Map<String, List<String>> placed = new TreeMap<>();
        for (Resource resource : plan.resources()) {
            if (resource.typeUrl().equals(TypeUrls.ROUTE)) {
                for (Route route : RouteConfiguration.parseFrom(resource.body())
                        .getVirtualHosts(0)
                        .getRoutesList()) {
                    placed.put(
                            route.getName(),
                            route.getTypedPerFilterConfigMap().keySet().stream()
                                    .sorted()
                                    .toList());
                }
            }
        }
        return placed;
    }

    @Test
    void rulesOfDifferentRoutesShareAFilter() throws Exception {
        NodePlan plan = plan(envoy, NodePlan.NONE, each("abort 503 on route r%d"));
        assertThat(unplaced(plan)).isEmpty();
        assertThat(placed(plan).values()).hasSize(SERVICES).allMatch(List.of("mishap.fault/mesh/1")::equals);
        assertThat(plan.slots().values()).containsOnly(0);
    }

    @Test
    void rulesOfDifferentClustersShareAFilterWhenThereIsNoOtherLeft() throws Exception {
        List<String> lines = each("delay 1s on cluster c%d");
        assertThat(unplaced(plan(envoy, NodePlan.NONE, lines.subList(0, 2)))).isEmpty();
        assertThat(placed(plan(envoy, NodePlan.NONE, lines.subList(0, 2)))).isEmpty();

        NodePlan plan = plan(envoy, NodePlan.NONE, lines);
        assertThat(unplaced(plan)).isEmpty();
        // The first rule stays where it is; the others share the second filter.
        assertThat(placed(plan).get("r0")).isEmpty();
        assertThat(placed(plan).get("r9")).containsExactly("mishap.fault/mesh/2");
        assertThat(plan.resources().stream().map(Resource::name)).contains("mishap.fault/mesh/1");
    }

    @Test
    void withoutAWayToEndThemRulesOfClustersDoNotGoIntoRoutes() {
        NodePlan plan = plan(Nodes.plain("checkout", "e2"), NodePlan.NONE, each("delay 1s on cluster c%d"));
        assertThat(unplaced(plan)).hasSize(SERVICES - 2);
        assertThat(plan.honouring().get("default/x9").reasons())
                .anySatisfy(reason -> assertThat(reason).contains("--fault-filters"));
    }

    @Test
    void onABaseOfOthersOurProxyHasForRequestsWhatAnEnvoyHas() {
        NodeInfo ours = Nodes.mishap("checkout", "m1");
        NodePlan plan = plan(ours, NodePlan.NONE, List.of("abort 503 on route r0", "dns nxdomain", "refuse upstream"));
        assertThat(plan.honouring().get("default/x0").honoured()).isTrue();
        assertThat(plan.honouring().get("default/x1").reasons())
                .anySatisfy(reason -> assertThat(reason).contains("no listener for DNS"));
        assertThat(plan.honouring().get("default/x2").reasons())
                .anySatisfy(reason -> assertThat(reason).contains("mishap.clusters.fault"));
    }

    @Test
    void aRuleDoesNotActBeforeOneThatComesFirstAndAborts() {
        // The third rule would share the first one's filter, and so be before the second, which aborts its requests.
        NodePlan plan = plan(
                envoy,
                NodePlan.NONE,
                List.of("delay 1s on route r0", "abort 503 10% when header x = y", "delay 1s on route r1"));
        assertThat(unplaced(plan)).containsExactly("default/x2");
        plan = plan(
                envoy,
                NodePlan.NONE,
                List.of("delay 1s on route r0", "delay 2s 10% when header x = y", "delay 1s on route r1"));
        assertThat(unplaced(plan)).isEmpty();
    }

    @Test
    void rulesThatShareKeepTheirFilterWhenTheFirstOfThemGoes() {
        List<String> lines = List.of("delay 3s as a", "abort 503 on route r0 as b", "abort 503 on route r1 as c");
        NodePlan before = plan(envoy, NodePlan.NONE, lines);
        NodePlan after = plan(envoy, before, List.of(lines.get(2)));
        assertThat(after.slots()).hasSize(1).containsValue(1);
    }
}
