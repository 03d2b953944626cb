package dev.mishap.control.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.base.Base;
import dev.mishap.control.base.Dependency;
import dev.mishap.control.base.Templates;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.rules.text.RuleLine;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.route.v3.FilterConfig;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.service.runtime.v3.Runtime;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlannerTest {
    private static final Duration TTL = Duration.ofSeconds(5);
    private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");

    private final Templates templates = new Templates(
            List.of(
                    Dependency.parse("payments=10.0.0.1:80", 10001),
                    Dependency.parse("stock=stock.internal:80", 10002)),
            4);
    private final NodeInfo envoy = Nodes.switched("checkout", "e1");
    private final NodeInfo grpc = Nodes.grpc("checkout", "g1");

    private NodePlan plan(NodeInfo node, Instant now, String... lines) {
        return plan(node, NodePlan.NONE, now, lines);
    }

    private NodePlan plan(NodeInfo node, NodePlan before, Instant now, String... lines) {
        List<ActiveRule> rules = new ArrayList<>();
        for (String line : lines) {
            rules.add(new ActiveRule("default", RuleLine.parse(line, "r"), T0, null));
        }
        Base base = templates.of(node);
        BaseShape shape = BaseShape.of(
                base.layer().resources(TypeUrls.LISTENER),
                base.layer().resources(TypeUrls.ROUTE),
                base.layer().resources(TypeUrls.CLUSTER));
        return new Planner(TTL, false, 4).plan(NodeCapabilities.of(node), shape, rules, before, now.toEpochMilli());
    }

    private static HTTPFault fault(NodePlan plan, String filter) throws Exception {
        for (Resource resource : plan.resources()) {
            if (resource.name().equals(filter)) {
                assertThat(resource.ttl()).isEqualTo(TTL);
                return TypedExtensionConfig.parseFrom(resource.body())
                        .getTypedConfig()
                        .unpack(HTTPFault.class);
            }
        }
        throw new AssertionError("no " + filter + " in " + plan.resources());
    }

    private static Resource only(NodePlan plan, String typeUrl) {
        List<Resource> found = plan.resources().stream()
                .filter(r -> r.typeUrl().equals(typeUrl))
                .toList();
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    private static Honouring honouring(NodePlan plan, String rule) {
        Honouring honouring = plan.honouring().get("default/" + rule);
        assertThat(honouring).isNotNull();
        return honouring;
    }

    @Test
    void aRuleForAllOfAListenerIsAnExtensionConfigurationWithATimeToLive() throws Exception {
        NodePlan plan = plan(envoy, T0, "abort 503 40% when header x-user-tier = canary on listener payments");

        HTTPFault fault = fault(plan, "mishap.fault/payments/1");
        assertThat(fault.getAbort().getHttpStatus()).isEqualTo(503);
        assertThat(fault.getAbort().getPercentage().getNumerator()).isEqualTo(40);
        assertThat(fault.getHeaders(0).getName()).isEqualTo("x-user-tier");
        assertThat(plan.resources().stream().map(Resource::typeUrl))
                .containsExactly(TypeUrls.EXTENSION_CONFIG, TypeUrls.RUNTIME);
        assertThat(only(plan, TypeUrls.RUNTIME).ttl()).isNull();
        assertThat(honouring(plan, "r")).isEqualTo(new Honouring(Set.of(Way.ECDS), List.of(), List.of()));
    }

    @Test
    void listenersThatDoNotReachTheClusterAreLeftAlone() throws Exception {
        NodePlan plan = plan(envoy, T0, "delay 2s on cluster stock");

        assertThat(fault(plan, "mishap.fault/stock/1").getUpstreamCluster()).isEqualTo("stock");
        assertThat(plan.resources()).hasSize(2);
    }

    @Test
    void aRuleOfRoutesIsBehindASwitchWithATimeToLive() throws Exception {
        NodePlan plan = plan(envoy, T0, "abort 503 0.5% on route payments");

        Resource routes = only(plan, TypeUrls.ROUTE);
        assertThat(routes.ttl()).isNull();
        Route route =
                RouteConfiguration.parseFrom(routes.body()).getVirtualHosts(0).getRoutes(0);
        HTTPFault fault =
                route.getTypedPerFilterConfigOrThrow("mishap.fault/payments/1").unpack(HTTPFault.class);
        assertThat(fault.getAbort().getPercentage().getNumerator()).isZero();
        assertThat(fault.getAbortPercentRuntime()).isEqualTo("mishap.default.r");
        Resource runtime = only(plan, TypeUrls.RUNTIME);
        assertThat(runtime.ttl()).isEqualTo(TTL);
        var share = Runtime.parseFrom(runtime.body())
                .getLayer()
                .getFieldsOrThrow("mishap.default.r")
                .getStructValue();
        assertThat(share.getFieldsOrThrow("numerator").getNumberValue()).isEqualTo(5000);
        assertThat(share.getFieldsOrThrow("denominator").getStringValue()).isEqualTo("MILLION");
        assertThat(honouring(plan, "r").honoured()).isTrue();
    }

    @Test
    void withoutARuntimeLayerARuleOfRoutesIsAFilterThatTheyAloneSwitchOn() throws Exception {
        NodePlan plan = plan(
                Nodes.plain("checkout", "e2"),
                T0,
                "abort 503 on route payments as r",
                "abort 500 on listener payments as all");
        assertThat(fault(plan, "mishap.fault/payments/routes/1").getAbort().getHttpStatus())
                .isEqualTo(503);
        assertThat(fault(plan, "mishap.fault/payments/1").getAbort().getHttpStatus())
                .isEqualTo(500);
        Route route = RouteConfiguration.parseFrom(only(plan, TypeUrls.ROUTE).body())
                .getVirtualHosts(0)
                .getRoutes(0);
        assertThat(route.getTypedPerFilterConfigMap()).containsOnlyKeys("mishap.fault/payments/routes/1");
        assertThat(route.getTypedPerFilterConfigOrThrow("mishap.fault/payments/routes/1")
                        .unpack(FilterConfig.class)
                        .hasConfig())
                .isTrue();
        assertThat(honouring(plan, "r")).isEqualTo(new Honouring(Set.of(Way.ECDS), List.of(), List.of()));
    }

    @Test
    void withoutAnyWayToEndAFaultOfRoutesTheDangerIsTold() {
        NodePlan plan = plan(Nodes.old("checkout", "e2"), T0, "abort 503 on route payments on listener payments");
        assertThat(honouring(plan, "r").honoured()).isTrue();
        assertThat(honouring(plan, "r").notes().get(0)).contains("no runtime layer");
    }

    @Test
    void rulesTakeTheFiltersInTheirOrderAndKeepThem() throws Exception {
        String[] lines = {
            "abort 500 as a on listener payments",
            "delay 1s as b on listener payments",
            "abort 502 as c priority -1 on listener payments"
        };
        NodePlan plan = plan(envoy, T0, lines);
        assertThat(fault(plan, "mishap.fault/payments/1").getAbort().getHttpStatus())
                .isEqualTo(502);
        assertThat(fault(plan, "mishap.fault/payments/2").getAbort().getHttpStatus())
                .isEqualTo(500);
        assertThat(fault(plan, "mishap.fault/payments/3").hasDelay()).isTrue();

        NodePlan next = plan(envoy, plan, T0, lines[1], lines[2]);
        assertThat(fault(next, "mishap.fault/payments/3").hasDelay()).isTrue();
        assertThat(next.resources().stream().map(Resource::name)).doesNotContain("mishap.fault/payments/2");
    }

    @Test
    void moreRulesThanFiltersAreTold() {
        NodePlan plan =
                plan(envoy, T0, "delay 1s as a", "delay 1s as b", "delay 1s as c", "delay 1s as d", "delay 1s as e");
        assertThat(honouring(plan, "d").honoured()).isTrue();
        assertThat(honouring(plan, "e").ways()).isEmpty();
        assertThat(honouring(plan, "e").reasons())
                .anySatisfy(reason -> assertThat(reason)
                        .startsWith(
                                "listener payments: its 4 fault filters are taken by rules that act before this one;")
                        .contains("--fault-filters"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "abort 503 cohort 5%          | spec.scope.cohort: the filter draws every request anew",
                "abort 503 max 5%             | spec.limits.maxTrafficPercent: there is no such limit",
                "abort 503 max 5/s            | spec.limits.maxPerSecond: there is no such limit",
                "abort 503 from 10.0.0.0/8    | spec.scope.source.cidrs: the filter knows no addresses",
                "abort 503 body gone          | spec.fault.abort.body: the body is always 'fault filter abort'",
                "abort 503 tag baggage        | spec.tag: the filter adds no header and no baggage",
                "abort 503 dry-run            | spec.dryRun: the filter cannot count without acting",
                "reset                        | spec.fault.reset: Envoy's filter cannot reset a connection",
                "latency 1s                   | spec.fault.latency: Envoy has no filter for faults of connections",
                "dns delay 3s                 | spec.fault.dns: Envoy has no filter for faults of DNS",
                "abort 503 on listener other  | no listener of the node serves what the scope names",
                "abort 503 on cluster other   | no listener of the node serves what the scope names",
                "abort 503 on route other     | no listener of the node serves what the scope names",
            })
    void whatAnEnvoyCannotDoIsTold(String line, String reason) {
        NodePlan plan = plan(envoy, T0, line);
        assertThat(honouring(plan, "r").honoured()).isFalse();
        assertThat(honouring(plan, "r").reasons()).contains(reason);
        assertThat(plan.resources()).hasSize(1);
    }

    @Test
    void schedulesAndRampsAreTheServersClock() throws Exception {
        String line =
                "abort 503 80% ramp 100s starting 2026-01-01T00:01:00Z until 2026-01-01T00:10:00Z on listener stock";
        NodeInfo plain = Nodes.plain("checkout", "e");
        assertThat(plan(plain, T0, line).resources()).isEmpty();

        FractionalPercent share = fault(plan(plain, T0.plusSeconds(110), line), "mishap.fault/stock/1")
                .getAbort()
                .getPercentage();
        assertThat(share.getNumerator()).isEqualTo(40);
        assertThat(plan(plain, T0.plusSeconds(600), line).resources()).isEmpty();

        // With a runtime layer the ramp moves there, and the filter stays as it is.
        NodePlan before = plan(envoy, T0.plusSeconds(70), line);
        NodePlan later = plan(envoy, T0.plusSeconds(110), line);
        assertThat(before.resources().get(0)).isEqualTo(later.resources().get(0));
        assertThat(only(before, TypeUrls.RUNTIME)).isNotEqualTo(only(later, TypeUrls.RUNTIME));
    }

    @Test
    void gRpcClientsGetRoutesInPlaceOfHeaderConditions() throws Exception {
        NodePlan plan = plan(
                grpc,
                T0,
                "abort grpc UNAVAILABLE 30% when header x-tier = canary and path ^= /pay on listener payments");

        RouteConfiguration routes =
                RouteConfiguration.parseFrom(only(plan, TypeUrls.ROUTE).body());
        assertThat(routes.getVirtualHosts(0).getRoutesCount()).isEqualTo(2);
        Route first = routes.getVirtualHosts(0).getRoutes(0);
        assertThat(first.getMatch().getPrefix()).isEqualTo("/pay");
        assertThat(first.getMatch().getHeaders(0).getName()).isEqualTo("x-tier");
        HTTPFault fault =
                first.getTypedPerFilterConfigOrThrow("envoy.filters.http.fault").unpack(HTTPFault.class);
        assertThat(fault.getHeadersCount()).isZero();
        assertThat(fault.getAbort().getGrpcStatus()).isEqualTo(14);
        assertThat(routes.getVirtualHosts(0).getRoutes(1).getTypedPerFilterConfigCount())
                .isZero();
        assertThat(honouring(plan, "r").notes()).hasSize(1);
    }

    @Test
    void whatGRpcClientsCannotDoIsTold() {
        NodePlan plan = plan(grpc, T0, "rate-limit 64KiB/s as a", "abort 503 when method = GET as b");
        assertThat(honouring(plan, "a").reasons())
                .contains("spec.fault.responseRateLimit: gRPC clients do not slow responses down");
        assertThat(honouring(plan, "b").reasons()).contains("spec.scope.methods: calls of gRPC are POSTs");
        assertThat(plan.resources()).isEmpty();
    }
}
