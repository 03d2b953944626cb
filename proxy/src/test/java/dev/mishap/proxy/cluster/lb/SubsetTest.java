package dev.mishap.proxy.cluster.lb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.MetadataMatch;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.cluster.config.ClusterTranslator;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SubsetTest {
    private final StatsStore stats = new StatsStore();

    private static final String ENDPOINTS = """
            name: c
            load_assignment:
              cluster_name: c
              endpoints:
              - lb_endpoints:
                - {endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}, metadata: {filter_metadata: {envoy.lb: {v: a, s: x}}}}
                - {endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 2}}}, metadata: {filter_metadata: {envoy.lb: {v: [b, c], s: x}}}}
                - {endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 3}}}, metadata: {filter_metadata: {envoy.lb: {v: a, s: z}}}}
            """;

    private LoadBalancer balancer(String config) {
        Cluster c = cluster(config);
        LoadBalancer lb = c.config().lb().balancer(c, new SplittableRandom(3)::nextLong);
        return (endpoints, context) -> lb.pick(c.endpoints(), context);
    }

    private Cluster cluster(String config) {
        return new Cluster(
                ClusterTranslator.from(ConfigReader.checkedYaml(
                        "envoy.config.cluster.v3.Cluster", ENDPOINTS + "lb_subset_config: " + config)),
                stats);
    }

    /** Ports of the endpoints that many picks give. */
    private static String picks(LoadBalancer lb, @Nullable Map<String, ?> match) {
        MetadataMatch m = match == null ? null : MetadataMatch.of(match);
        TreeSet<String> all = new TreeSet<>();
        for (int i = 0; i < 30; i++) {
            Endpoint e = lb.pick(dev.mishap.proxy.cluster.EndpointSet.EMPTY, new PickContext() {
                @Override
                public @Nullable MetadataMatch metadataMatch() {
                    return m;
                }
            });
            all.add(e == null ? "none" : e.toString().substring("127.0.0.1:".length()));
        }
        return String.join(",", all);
    }

    @Test
    void a_match_names_its_subset() {
        LoadBalancer lb = balancer("{subset_selectors: [{keys: [v]}, {keys: [s, v]}]}");
        assertThat(picks(lb, Map.of("v", "a"))).isEqualTo("1,3");
        assertThat(picks(lb, Map.of("v", "a", "s", "z"))).isEqualTo("3");
        assertThat(picks(lb, Map.of("v", "b")))
                .as("a list is a value like others")
                .isEqualTo("none");
        assertThat(picks(lb, Map.of("s", "z"))).as("no selector has these keys").isEqualTo("none");
        assertThat(picks(lb, null)).isEqualTo("none");
        assertThat(stats.value("cluster.c.lb_subsets_selected")).isEqualTo(60);
    }

    @Test
    void each_member_of_a_list_may_match() {
        LoadBalancer lb = balancer("{list_as_any: true, subset_selectors: [{keys: [v]}]}");
        assertThat(picks(lb, Map.of("v", "b"))).isEqualTo("2");
        assertThat(picks(lb, Map.of("v", "c"))).isEqualTo("2");
    }

    @Test
    void fallbacks() {
        String selectors = ", subset_selectors: [{keys: [v]}, {keys: [s], fallback_policy: NO_FALLBACK},"
                + " {keys: [v, w], fallback_policy: KEYS_SUBSET, fallback_keys_subset: [v]}]}";
        LoadBalancer any = balancer("{fallback_policy: ANY_ENDPOINT" + selectors);
        assertThat(picks(any, Map.of("v", "q"))).isEqualTo("1,2,3");
        assertThat(picks(any, Map.of("s", "q"))).isEqualTo("none");
        assertThat(picks(any, Map.of("v", "a", "w", "q"))).isEqualTo("1,3");
        LoadBalancer byDefault = balancer("{fallback_policy: DEFAULT_SUBSET, default_subset: {s: x}" + selectors);
        assertThat(picks(byDefault, Map.of("v", "q"))).isEqualTo("1,2");
        LoadBalancer panic =
                balancer("{fallback_policy: DEFAULT_SUBSET, panic_mode_any: true, default_subset: {s: n}" + selectors);
        assertThat(picks(panic, null)).isEqualTo("1,2,3");
        assertThat(stats.value("cluster.c.lb_subsets_fallback_panic")).isEqualTo(30);
    }

    @Test
    void a_list_of_matches_is_tried_in_order() {
        LoadBalancer lb = balancer("{metadata_fallback_policy: FALLBACK_LIST, subset_selectors: [{keys: [v]}]}");
        assertThat(picks(lb, Map.of("fallback_list", List.of(Map.of("v", "q"), Map.of("v", "a")))))
                .isEqualTo("1,3");
    }

    @Test
    void one_endpoint_a_subset() {
        LoadBalancer lb = balancer("{subset_selectors: [{keys: [v], single_host_per_subset: true}]}");
        assertThat(picks(lb, Map.of("v", "a"))).isEqualTo("1");
    }

    @Test
    void the_fallback_of_a_shadowed_selector_does_not_count() {
        LoadBalancer lb = balancer("{fallback_policy: ANY_ENDPOINT, subset_selectors: [{keys: [s, v]},"
                + " {keys: [s], fallback_policy: NO_FALLBACK}]}");
        assertThat(picks(lb, Map.of("s", "q"))).isEqualTo("1,2,3");
    }

    @Test
    void numbers_are_equal_by_value() {
        assertThat(MetadataMatch.of(Map.of("a", 2))).isEqualTo(MetadataMatch.of(Map.of("a", 2.0)));
        assertThat(MetadataMatch.of(Map.of("a", "2"))).isNotEqualTo(MetadataMatch.of(Map.of("a", 2.0)));
    }

    @Test
    void bad_selectors_are_refused() {
        assertThatThrownBy(() -> cluster("{subset_selectors: [{keys: [v, s], fallback_policy: KEYS_SUBSET}]}"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("fallback_keys_subset cannot be empty");
    }
}
