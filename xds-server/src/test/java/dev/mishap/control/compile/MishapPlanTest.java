package dev.mishap.control.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.base.Base;
import dev.mishap.control.base.Dependency;
import dev.mishap.control.base.Templates;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.filters.network.fault.v1.NetworkFault;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.v1.FaultRule;
import dev.mishap.rules.v1.RuleSet;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules of connections upstream and of DNS, on our own proxies. */
class MishapPlanTest {
    private static final Duration TTL = Duration.ofSeconds(5);
    private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");

    private final Templates templates = new Templates(List.of(
            Dependency.parse("payments=10.0.0.1:80", 10001),
            Dependency.parse("stock=stock.internal:80", 10002),
            Dependency.parse("db=tcp://10.0.0.3:5432", 10003),
            Dependency.parse("resolver=dns://10.0.0.2:53", 10053)));
    private final NodeInfo node = Nodes.mishap("checkout", "m1");

    private NodePlan plan(String... lines) {
        List<ActiveRule> rules = new ArrayList<>();
        for (String line : lines) {
            rules.add(new ActiveRule("default", RuleLine.parse(line, "r"), T0, null));
        }
        return plan(rules);
    }

    private NodePlan plan(List<ActiveRule> rules) {
        Base base = templates.of(node);
        BaseShape shape = BaseShape.of(
                base.layer().resources(TypeUrls.LISTENER),
                base.layer().resources(TypeUrls.ROUTE),
                base.layer().resources(TypeUrls.CLUSTER));
        return new Planner(TTL, false, 4)
                .plan(NodeCapabilities.of(node), shape, rules, NodePlan.NONE, T0.toEpochMilli());
    }

    /** The rules of each extension configuration, all of which must end with the server. */
    private static Map<String, List<FaultRule>> sets(NodePlan plan) throws Exception {
        Map<String, List<FaultRule>> sets = new TreeMap<>();
        for (Resource resource : plan.resources()) {
            assertThat(resource.ttl()).isEqualTo(TTL);
            var config = TypedExtensionConfig.parseFrom(resource.body()).getTypedConfig();
            sets.put(
                    resource.name(),
                    config.is(RuleSet.class)
                            ? config.unpack(RuleSet.class).getRulesList()
                            : config.unpack(NetworkFault.class).getRulesList());
        }
        return sets;
    }

    /** What the node has changes, so that it counts the ttl anew. */
    @Test
    void aRenewedTtlReachesTheNode() throws Exception {
        FaultRule first = marked("dns nxdomain", T0.plusSeconds(60));
        FaultRule renewed = marked("dns nxdomain", T0.plusSeconds(90));
        assertThat(renewed).isNotEqualTo(first);
        assertThat(renewed.toBuilder().clearInstallation().build())
                .isEqualTo(first.toBuilder().clearInstallation().build());
        assertThat(marked("dns nxdomain", T0.plusSeconds(60))).isEqualTo(first);
    }

    private FaultRule marked(String line, Instant until) throws Exception {
        ActiveRule rule = new ActiveRule("default", RuleLine.parse(line + " for 1m", "r"), T0, until);
        return sets(plan(List.of(rule))).values().iterator().next().get(0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dns nxdomain                    | mishap.cluster/stock, mishap.dns/resolver",
                "dns nxdomain on cluster stock   | mishap.cluster/stock",
                "dns nxdomain on listener resolver | mishap.dns/resolver",
                "dns nxdomain on listener resolver-tcp | mishap.dns/resolver",
                "dns nxdomain from 10.0.0.0/8    | mishap.dns/resolver",
                "refuse upstream                 | mishap.cluster/db, mishap.cluster/payments, mishap.cluster/stock",
                "refuse upstream on cluster db   | mishap.cluster/db",
                "refuse on listener db           | mishap.connections/db",
            })
    void rulesGoWhereTheyAct(String line, String slots) throws Exception {
        NodePlan plan = plan(line);
        assertThat(sets(plan).keySet()).containsExactly(slots.split(", "));
        assertThat(plan.honouring().get("default/r"))
                .isNotNull()
                .satisfies(h -> assertThat(h.honoured()).isTrue());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dns nxdomain on cluster payments | no listener for DNS, and no cluster whose endpoints DNS is asked for, is what the scope names",
                "dns nxdomain on listener payments | no listener for DNS, and no cluster whose endpoints DNS is asked for, is what the scope names",
                "refuse upstream on cluster other | no cluster of the node that discovers rules is what the scope names",
            })
    void whatNothingServesIsTold(String line, String reason) throws Exception {
        NodePlan plan = plan(line);
        assertThat(plan.resources()).isEmpty();
        assertThat(plan.honouring().get("default/r"))
                .isNotNull()
                .satisfies(h -> assertThat(h.reasons()).containsExactly(reason));
    }

    @Test
    void theListenersOfOneResolverShareARuleThatNamesOne() throws Exception {
        assertThat(sets(plan("dns drop on listener resolver")).get("mishap.dns/resolver"))
                .singleElement()
                .satisfies(
                        rule -> assertThat(rule.getScope().getListenersList()).isEmpty());
    }
}
