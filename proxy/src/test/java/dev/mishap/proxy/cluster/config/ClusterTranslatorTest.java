package dev.mishap.proxy.cluster.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.cluster.AddressOrder;
import dev.mishap.proxy.cluster.CircuitBreakerConfig;
import dev.mishap.proxy.cluster.ClusterConfig;
import dev.mishap.proxy.cluster.ClusterContext;
import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.HealthStatus;
import dev.mishap.proxy.cluster.KeepaliveConfig;
import dev.mishap.proxy.cluster.Locality;
import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.cluster.discovery.DnsConfig;
import dev.mishap.proxy.cluster.discovery.DynamicForward;
import dev.mishap.proxy.cluster.discovery.StaticDiscovery;
import dev.mishap.proxy.cluster.lb.LbPolicies;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.dns.LookupFamily;
import dev.mishap.proxy.observe.stats.StatsStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterTranslatorTest {
    private static final String HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

    private static ClusterConfig cluster(String yaml) {
        return ClusterTranslator.from(ConfigReader.checkedYaml("envoy.config.cluster.v3.Cluster", yaml));
    }

    private static String endpoint(String address) {
        return "load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address:"
                + " {address: " + address + ", port_value: 80}}}}]}]}\n";
    }

    @Test
    void defaults_are_envoys() {
        ClusterConfig c = cluster("name: c\n" + endpoint("127.0.0.1"));
        assertThat(c.statName()).isEqualTo("c");
        assertThat(c.connect().timeoutNanos()).isEqualTo(5_000_000_000L);
        assertThat(c.lb()).isEqualTo(LbPolicies.ROUND_ROBIN);
        assertThat(c.defaultLimits()).isEqualTo(CircuitBreakerConfig.DEFAULT);
        assertThat(c.highLimits()).isEqualTo(CircuitBreakerConfig.DEFAULT);
        assertThat(c.http().idleTimeoutNanos()).isEqualTo(3_600_000_000_000L);
        assertThat(c.connect().bufferLimitBytes()).isEqualTo(1 << 20);
        assertThat(((StaticDiscovery) c.discovery()).assignment().endpoints())
                .singleElement()
                .satisfies(e -> {
                    assertThat(e.address()).isEqualTo("127.0.0.1");
                    assertThat(e.weight()).isEqualTo(1);
                    assertThat(e.health()).isEqualTo(HealthStatus.UNKNOWN);
                });
    }

    @Test
    void everything_is_read() {
        ClusterConfig c = cluster("""
                name: c
                alt_stat_name: other
                type: STRICT_DNS
                connect_timeout: 0.25s
                dns_refresh_rate: 2s
                dns_failure_refresh_rate: {base_interval: 1s}
                respect_dns_ttl: true
                dns_lookup_family: V4_PREFERRED
                lb_policy: LEAST_REQUEST
                least_request_lb_config: {choice_count: 5}
                per_connection_buffer_limit_bytes: 1000
                common_lb_config: {healthy_panic_threshold: {value: 10}}
                circuit_breakers:
                  thresholds:
                  - {max_connections: 1, max_pending_requests: 2, max_requests: 3, max_retries: 4, track_remaining: true}
                  - {priority: HIGH, retry_budget: {budget_percent: {value: 25}, min_retry_concurrency: 7}}
                upstream_connection_options:
                  tcp_keepalive: {keepalive_probes: 3, keepalive_time: 10}
                  happy_eyeballs_config: {first_address_family_version: V6, first_address_family_count: 2}
                metadata: {filter_metadata: {a: {b: c}}}
                track_cluster_stats: {per_endpoint_stats: true}
                typed_extension_protocol_options:
                  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                    "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                    common_http_protocol_options: {idle_timeout: 9s, max_requests_per_connection: 6}
                    explicit_http_config: {http_protocol_options: {header_key_format: {proper_case_words: {}}}}
                load_assignment:
                  cluster_name: c
                  policy: {overprovisioning_factor: 100}
                  endpoints:
                  - priority: 1
                    locality: {region: r, zone: z, sub_zone: s}
                    lb_endpoints:
                    - load_balancing_weight: 3
                      health_status: DRAINING
                      metadata: {filter_metadata: {envoy.lb: {canary: true}}}
                      endpoint: {hostname: h, address: {socket_address: {address: a.example, port_value: 81}}}
                """);
        assertThat(c.statName()).isEqualTo("other");
        assertThat(c.connect().timeoutNanos()).isEqualTo(250_000_000L);
        assertThat(c.lb().toString()).startsWith("LeastRequestPolicy[choiceCount=5");
        DnsConfig dns = (DnsConfig) c.discovery();
        assertThat(dns.refreshNanos()).isEqualTo(2_000_000_000L);
        assertThat(dns.failureBaseNanos()).isEqualTo(1_000_000_000L);
        assertThat(dns.failureMaxNanos()).isEqualTo(10_000_000_000L);
        assertThat(dns.respectTtl()).isTrue();
        assertThat(dns.family()).isEqualTo(LookupFamily.V4_PREFERRED);
        assertThat(dns.logical()).isFalse();
        assertThat(c.connect().bufferLimitBytes()).isEqualTo(1000);
        assertThat(c.perEndpointStats()).isTrue();
        assertThat(c.timeoutBudgets() || c.sizes()).isFalse();
        assertThat(c.connect().order()).isEqualTo(new AddressOrder(AddressOrder.Family.V6, 2));
        assertThat(c.common().panicPercent()).isEqualTo(10);
        assertThat(dns.assignment().policy().overprovisioningPercent()).isEqualTo(100);
        assertThat(c.defaultLimits()).isEqualTo(new CircuitBreakerConfig(1, 2, 3, 4, -1, 3, true));
        assertThat(c.highLimits()).isEqualTo(new CircuitBreakerConfig(1024, 1024, 1024, 3, 25, 7, false));
        assertThat(c.connect().keepalive()).isEqualTo(new KeepaliveConfig(3, 10, -1));
        assertThat(c.http().idleTimeoutNanos()).isEqualTo(9_000_000_000L);
        assertThat(c.http().maxRequestsPerConnection()).isEqualTo(6);
        assertThat(c.http().http1().properCaseHeaders()).isTrue();
        assertThat(c.metadata()).containsKey("a");
        EndpointConfig e = dns.assignment().endpoints().get(0);
        assertThat(e.priority()).isEqualTo(1);
        assertThat(e.weight()).isEqualTo(3);
        assertThat(e.health()).isEqualTo(HealthStatus.DRAINING);
        assertThat(e.hostname()).isEqualTo("h");
        assertThat(e.locality()).isEqualTo(new Locality("r", "z", "s"));
        assertThat(new Endpoint(new java.net.InetSocketAddress("127.0.0.1", 1), "", e).canary())
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"track_timeout_budgets: true", "track_cluster_stats: {timeout_budgets: true}"})
    void timeout_budgets_are_asked_for_in_two_ways(String yaml) {
        assertThat(cluster("name: c\n" + endpoint("127.0.0.1")).timeoutBudgets())
                .isFalse();
        assertThat(cluster("name: c\n" + yaml + "\n" + endpoint("127.0.0.1")).timeoutBudgets())
                .isTrue();
    }

    @Test
    void what_is_tracked_and_opened_ahead_is_read() {
        ClusterConfig c = cluster("""
                name: c
                preconnect_policy: {per_upstream_preconnect_ratio: 1.5}
                track_cluster_stats: {request_response_sizes: true}
                common_lb_config: {ignore_new_hosts_until_first_hc: true, close_connections_on_host_set_change: true}
                """ + endpoint("127.0.0.1"));
        assertThat(c.connect().preconnectRatio()).isEqualTo(1.5);
        assertThat(c.sizes()).isTrue();
        assertThat(c.timeoutBudgets()).isFalse();
        assertThat(c.common().ignoreNewHosts()).isTrue();
        assertThat(c.common().closeOnChange()).isTrue();
        ClusterConfig plain = cluster("name: c\n" + endpoint("127.0.0.1"));
        assertThat(plain.connect().preconnectRatio()).isEqualTo(1);
        assertThat(plain.sizes()).isFalse();
        assertThat(plain.common().ignoreNewHosts()).isFalse();
    }

    @Test
    void a_dynamic_forward_proxy_verifies_the_host_it_goes_to() {
        String forward = """
                name: c
                lb_policy: CLUSTER_PROVIDED
                cluster_type:
                  name: f
                  typed_config:
                    '@type': type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig
                    dns_cache_config: {name: cache, preresolve_hostnames: [{address: a.test, port_value: 443}]}
                """;
        ClusterConfig c = cluster(forward);
        assertThat(c.http().autoSni()).isEqualTo(new UpstreamHttpConfig.AutoSni(true, ""));
        assertThat(((DynamicForward) c.discovery()).cache().preresolve()).containsExactly("a.test:443");
        assertThat(((DynamicForward) c.discovery()).defaultPort()).isEqualTo(80);
        assertThatThrownBy(() -> cluster(forward.replace("CLUSTER_PROVIDED", "ROUND_ROBIN")))
                .isInstanceOf(ConfigException.class)
                .hasMessage("cluster manager: cluster provided LB not specified but cluster 'c' provided one. Check"
                        + " cluster documentation.");
    }

    @Test
    void what_health_checks_ask_instead_is_read() {
        ClusterConfig c = cluster("""
                name: c
                circuit_breakers:
                  thresholds: [{max_connection_pools: 4}]
                  per_host_thresholds: [{max_connections: 2}]
                load_assignment:
                  cluster_name: c
                  endpoints:
                  - lb_endpoints:
                    - endpoint:
                        address: {pipe: {path: /a/b}}
                        health_check_config: {hostname: h, disable_active_health_check: true}
                    - endpoint:
                        address: {socket_address: {address: 127.0.0.1, port_value: 80}}
                        health_check_config: {address: {socket_address: {address: 127.0.0.2, port_value: 81}}}
                """);
        assertThat(c.defaultLimits().maxConnectionPools()).isEqualTo(4);
        assertThat(c.defaultLimits().maxConnectionsPerHost()).isEqualTo(2);
        assertThat(c.highLimits()).isEqualTo(CircuitBreakerConfig.DEFAULT);
        var endpoints = ((StaticDiscovery) c.discovery()).assignment().endpoints();
        assertThat(endpoints.get(0).healthCheck()).isEqualTo(new EndpointConfig.HealthCheckAddress("", 0, "h", true));
        assertThat(endpoints.get(1).healthCheck())
                .isEqualTo(new EndpointConfig.HealthCheckAddress("127.0.0.2", 81, "", false));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "round_robin.v3.RoundRobin,RoundRobinPolicy",
        "least_request.v3.LeastRequest,LeastRequestPolicy",
        "random.v3.Random,RandomPolicy"
    })
    void typed_load_balancers(String type, String policy) {
        ClusterConfig c = cluster("name: c\nload_balancing_policy: {policies: [{typed_extension_config: {name: x,"
                + " typed_config: {'@type': type.googleapis.com/envoy.extensions.load_balancing_policies." + type
                + "}}}]}\n");
        assertThat(c.lb().getClass().getSimpleName()).isEqualTo(policy);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "type: STATIC|localhost|malformed IP address: localhost. Consider setting resolver_name or setting cluster"
                        + " type to 'STRICT_DNS' or 'LOGICAL_DNS'",
                "type: STATIC|\"[::1]\"|malformed IP address: [::1]. Consider setting resolver_name or setting cluster"
                        + " type to 'STRICT_DNS' or 'LOGICAL_DNS'",
                "lb_policy: CLUSTER_PROVIDED|127.0.0.1|cluster manager: cluster provided LB specified but cluster 'c' did not"
                        + " provide one. Check cluster documentation.",
                "type: EDS|127.0.0.1|cannot create an EDS cluster without an EDS config",
                "load_balancing_policy: {}|127.0.0.1|cluster: didn't find a registered load balancer factory implementation"
                        + " for cluster: 'c' with names from []",
            })
    void refused(String extra, String address, String message) {
        String yaml = "name: c\n" + extra + "\n" + endpoint(address);
        assertThatThrownBy(() -> cluster(yaml))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(message);
    }

    @Test
    void two_clusters_of_one_name_are_refused() {
        ClusterConfig c = cluster("name: u1\n" + endpoint("127.0.0.1"));
        ClusterManager manager = new ClusterManager(ClusterContext.of(new StatsStore()), ClusterTranslator::from);
        manager.addStatic(c, null);
        assertThatThrownBy(() -> manager.addStatic(c, null)).hasMessage("cluster manager: duplicate cluster 'u1'");
    }
}
