package dev.mishap.control.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.base.Base;
import dev.mishap.control.base.BaseConfig;
import dev.mishap.control.base.Dependency;
import dev.mishap.control.base.Templates;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.Peer;
import dev.mishap.control.xds.Resource;
import dev.mishap.control.xds.ResourceLayer;
import dev.mishap.control.xds.ResourceView;
import dev.mishap.control.xds.TypeUrls;
import dev.mishap.rules.text.RuleLine;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FleetFaultsTest {
    private static final Peer PEER = new Peer(null, List.of());
    private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");

    private final FleetFaults faults = new FleetFaults(
            new Templates(List.of(Dependency.parse("payments=10.0.0.1:80", 10001))),
            Duration.ofSeconds(5),
            InstantSource.fixed(T0));

    @AfterEach
    void close() {
        faults.close();
    }

    private void put(String name, @Nullable String line, @Nullable Instant until) {
        Map<String, @Nullable ActiveRule> change = new HashMap<>();
        change.put(
                "default/" + name,
                line == null ? null : new ActiveRule("default", RuleLine.parse(line, name), T0, until));
        faults.update(change);
    }

    private static @Nullable Resource filter(ResourceView view, int index) {
        return view.resource(TypeUrls.EXTENSION_CONFIG, "mishap.fault/payments/" + index);
    }

    private static boolean faulty(ResourceView view) {
        Resource resource = filter(view, 1);
        return resource != null && resource.ttl() != null;
    }

    @Test
    void aRuleReachesTheNodesThatItIsForAndLeavesThem() {
        ResourceView checkout = faults.viewOf(Nodes.switched("checkout", "a"), PEER);
        ResourceView stock = faults.viewOf(Nodes.switched("stock", "b"), PEER);
        put("r", "abort 503 on service checkout", null);
        assertThat(faulty(checkout)).isTrue();
        assertThat(faulty(stock)).isFalse();

        put("r", "abort 503 on service stock", null);
        assertThat(faulty(checkout)).isFalse();
        assertThat(faulty(stock)).isTrue();

        put("r", null, null);
        assertThat(faulty(stock)).isFalse();
        assertThat(filter(stock, 1)).isNotNull();
    }

    @Test
    void aNodeThatComesLaterHasTheRulesAtOnce() {
        put("r", "abort 503", null);
        assertThat(faulty(faults.viewOf(Nodes.switched("checkout", "a"), PEER))).isTrue();
    }

    @Test
    void nodesThatAreAlikeShareTheResources() {
        put("r", "abort 503", null);
        ResourceView one = faults.viewOf(Nodes.switched("checkout", "a"), PEER);
        ResourceView other = faults.viewOf(Nodes.switched("checkout", "b"), PEER);
        assertThat(filter(one, 1)).isSameAs(filter(other, 1));
    }

    @Test
    void theStopGoesBeforeAllRules() {
        ResourceView view = faults.viewOf(Nodes.switched("checkout", "a"), PEER);
        put("r", "abort 503", null);
        faults.stopAll(true);
        assertThat(faulty(view)).isFalse();
        put("s", "abort 500", null);
        assertThat(faulty(view)).isFalse();
        faults.stopAll(false);
        assertThat(faulty(view)).isTrue();
    }

    @Test
    void aRuleThatIsOverActsNoMoreThoughTheStoreHasIt() {
        ResourceView view = faults.viewOf(Nodes.switched("checkout", "a"), PEER);
        put("r", "abort 503", T0);
        assertThat(faulty(view)).isFalse();
        put("r", "abort 503", T0.plusSeconds(1));
        assertThat(faulty(view)).isTrue();
    }

    @Test
    void aDryRunTellsAndChangesNothing() {
        NodeInfo node = Nodes.switched("checkout", "a");
        ResourceView view = faults.viewOf(node, PEER);
        ActiveRule dry = new ActiveRule("default", RuleLine.parse("abort 503 max 5%", "dry"), T0, null);
        assertThat(faults.honouring(dry).get(node).reasons())
                .containsExactly("spec.limits.maxTrafficPercent: there is no such limit");
        ActiveRule good = new ActiveRule("default", RuleLine.parse("abort 503", "dry"), T0, null);
        assertThat(faults.honouring(good).get(node).honoured()).isTrue();
        assertThat(faulty(view)).isFalse();
        assertThat(faults.honouring(node)).isEmpty();
    }

    @Test
    void oneNodeIsAskedAboutAlone() {
        NodeInfo a = Nodes.switched("checkout", "a");
        faults.viewOf(a, PEER);
        faults.viewOf(Nodes.switched("checkout", "b"), PEER);
        faults.viewOf(Nodes.switched("other", "c"), PEER);
        ActiveRule rule = new ActiveRule("default", RuleLine.parse("abort 503 on service checkout", "r"), T0, null);

        assertThat(faults.honouring(rule)).hasSize(2);
        assertThat(faults.honouring(rule, "a")).containsOnlyKeys(a);
        assertThat(faults.honouring(rule, "c")).isEmpty();
        assertThat(faults.honouring(rule, "nobody")).isEmpty();
    }

    @Test
    void anotherNamespaceIsAnotherFleet() {
        ResourceView view = faults.viewOf(Nodes.switched("checkout", "a"), PEER);
        faults.update(Map.of("prod/r", new ActiveRule("prod", RuleLine.parse("abort 503", "r"), T0, null)));
        assertThat(faulty(view)).isFalse();
    }

    /** A base whose listeners cannot be read once it is broken. */
    private static final class Fragile extends Base {
        private volatile boolean broken;

        private Fragile() {
            super(ResourceLayer.named("fragile"));
        }

        @Override
        public ResourceLayer layer() {
            if (broken) {
                throw new IllegalStateException("broken on purpose");
            }
            return super.layer();
        }

        private void shatter() {
            broken = true;
            changed();
        }
    }

    @Test
    void oneNodeWhoseFaultsCannotBeReckonedDoesNotKeepThemFromOthers() {
        Fragile fragile = new Fragile();
        Templates sound = new Templates(List.of(Dependency.parse("payments=10.0.0.1:80", 10001)));
        BaseConfig bases = new BaseConfig() {
            @Override
            public Base of(NodeInfo node) {
                return node.cluster().equals("fragile") ? fragile : sound.of(node);
            }

            @Override
            public boolean mayInsert() {
                return sound.mayInsert();
            }

            @Override
            public String describe() {
                return "a test's";
            }

            @Override
            public void close() {
                sound.close();
            }
        };
        try (FleetFaults some = new FleetFaults(bases, Duration.ofSeconds(5), InstantSource.fixed(T0))) {
            for (String id : List.of("a", "b", "c", "d")) {
                some.viewOf(Nodes.switched("fragile", id), PEER);
            }
            ResourceView checkout = some.viewOf(Nodes.switched("checkout", "e"), PEER);
            fragile.shatter();
            some.update(Map.of("default/r", new ActiveRule("default", RuleLine.parse("abort 503", "r"), T0, null)));
            assertThat(faulty(checkout)).isTrue();
            some.stopAll(true);
            assertThat(faulty(checkout)).isFalse();
        }
    }
}
