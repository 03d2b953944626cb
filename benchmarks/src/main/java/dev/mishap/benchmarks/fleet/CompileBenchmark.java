package dev.mishap.benchmarks.fleet;

import dev.mishap.control.base.Dependency;
import dev.mishap.control.base.Templates;
import dev.mishap.control.compile.ActiveRule;
import dev.mishap.control.compile.FleetFaults;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.Peer;
import dev.mishap.rules.text.RuleLine;
import io.envoyproxy.envoy.config.core.v3.Extension;
import io.envoyproxy.envoy.config.core.v3.Node;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one rule that changes costs the control plane until every node's new configuration is ready to be sent: 1,000 rules and 1,000
 * nodes by default. Run: {@code java -cp … dev.mishap.benchmarks.fleet.CompileBenchmark [RULES [NODES]]}.
 */
public final class CompileBenchmark {
    private static final int SERVICES = 100;
    private static final int ROUNDS = 60;

    private CompileBenchmark() {}

    public static void main(String[] args) {
        int rules = args.length > 0 ? Integer.parseInt(args[0]) : 1000;
        int nodes = args.length > 1 ? Integer.parseInt(args[1]) : 1000;
        for (boolean mishap : new boolean[] {false, true}) {
            for (boolean everybody : new boolean[] {false, true}) {
                run(rules, nodes, mishap, everybody);
            }
        }
    }

    private static void run(int rules, int nodes, boolean mishap, boolean everybody) {
        Templates templates = new Templates(
                List.of(Dependency.parse("payments=10.0.0.1:80", 10001), Dependency.parse("stock=10.0.0.2:80", 10002)));
        try (FleetFaults faults = new FleetFaults(templates, Duration.ofSeconds(5), InstantSource.system())) {
            for (int i = 0; i < nodes; i++) {
                faults.viewOf(node(i, mishap), new Peer(null, List.of()));
            }
            Map<String, @Nullable ActiveRule> all = new HashMap<>();
            for (int i = 0; i < rules; i++) {
                ActiveRule rule = rule(i, 1, everybody);
                all.put(rule.key(), rule);
            }
            long from = System.nanoTime();
            faults.update(all);
            double first = millis(from);
            double[] changes = new double[ROUNDS];
            for (int i = 0; i < ROUNDS; i++) {
                ActiveRule rule = rule(i % rules, 2 + i, everybody);
                from = System.nanoTime();
                faults.update(Map.of(rule.key(), rule));
                changes[i] = millis(from);
            }
            Arrays.sort(changes);
            double[] told = new double[ROUNDS];
            double[] toldBefore = new double[ROUNDS];
            for (int i = 0; i < ROUNDS; i++) {
                ActiveRule next = rule(i % rules, 90, everybody);
                from = System.nanoTime();
                faults.honouring(next);
                toldBefore[i] = millis(from);
                ActiveRule known = Objects.requireNonNull(faults.rule(next.key()));
                from = System.nanoTime();
                faults.honouring(known);
                told[i] = millis(from);
            }
            Arrays.sort(told);
            Arrays.sort(toldBefore);
            System.out.printf(
                    Locale.ROOT,
                    "%d rules, %d nodes (%s), each rule for %s: all at once %.0f ms; one changed: median %.1f ms, max %.1f ms;"
                            + " what becomes of one: before it is in force %.2f ms, after %.2f ms%n",
                    rules,
                    nodes,
                    mishap ? "Mishap, whole rules" : "Envoy",
                    everybody ? "every node" : "one service of " + SERVICES,
                    first,
                    changes[ROUNDS / 2],
                    changes[ROUNDS - 1],
                    toldBefore[ROUNDS / 2],
                    told[ROUNDS / 2]);
        }
    }

    private static ActiveRule rule(int i, int version, boolean everybody) {
        String target = everybody ? "" : " on service s" + i % SERVICES;
        String line = "abort 503 " + version % 100 + "% when header x-user = u" + i + target + " as rule-" + i;
        return new ActiveRule("default", RuleLine.parse(line, "r"), Instant.EPOCH, null);
    }

    private static NodeInfo node(int i, boolean mishap) {
        List<Extension> extensions = new ArrayList<>();
        extensions.add(
                Extension.newBuilder().setName("envoy.filters.http.fault").build());
        if (mishap) {
            extensions.add(Extension.newBuilder()
                    .setName("mishap.filters.http.fault")
                    .addTypeUrls("mishap.filters.http.fault.v1.HttpFault")
                    .build());
            extensions.add(Extension.newBuilder().setName("abort").build());
        }
        return NodeInfo.of(Node.newBuilder()
                .setId("node-" + i)
                .setCluster("s" + i % SERVICES)
                .setUserAgentName("envoy")
                .addAllExtensions(extensions)
                .build());
    }

    private static double millis(long from) {
        return (System.nanoTime() - from) / 1e6;
    }
}
