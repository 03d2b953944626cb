package dev.mishap.proxy.server;

import dev.mishap.proxy.cluster.ClusterFaults;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.rules.ClusterRules;
import dev.mishap.proxy.rules.config.ClusterFaultConfig;
import dev.mishap.proxy.rules.config.DiscoveredRules;
import dev.mishap.proxy.xds.ExtensionConfigs;
import dev.mishap.proxy.xds.InitManager;
import dev.mishap.proxy.xds.Lifecycle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rules of clusters, those that stand in their configurations and those that are discovered. A cluster that is made anew keeps its
 * subscription if it names the same. Confined to the main loop, or to whoever makes the process before it runs.
 */
final class FollowedClusterRules {
    /** What a cluster follows. */
    private record Followed(ClusterFaults faults, Lifecycle life) {
        boolean same(ClusterFaults other) {
            ConfigNode now = faults.discovered();
            ConfigNode next = other.discovered();
            return now != null
                    && next != null
                    && now.sameAs(next)
                    && faults.rules().equals(other.rules());
        }
    }

    private final ClusterRules rules;
    private final ExtensionConfigs configs;
    private final Map<String, Followed> followed = new HashMap<>();
    private @Nullable List<Lifecycle> waiting = new ArrayList<>();

    FollowedClusterRules(ClusterRules rules, ExtensionConfigs configs) {
        this.rules = rules;
        this.configs = configs;
    }

    /** A cluster is made so. */
    void put(String cluster, ClusterFaults faults) {
        Followed before = followed.get(cluster);
        if (before != null && before.same(faults)) {
            return;
        }
        ConfigNode discovered = faults.discovered();
        if (discovered == null) {
            rules.put(cluster, faults.rules());
            followed.remove(cluster);
        } else {
            follow(cluster, faults, discovered);
        }
        if (before != null) {
            // After the next one has come, so that a subscription that both have goes on.
            before.life().end();
        }
    }

    private void follow(String cluster, ClusterFaults faults, ConfigNode discovered) {
        Lifecycle life = new Lifecycle(new InitManager("rules of " + cluster));
        boolean[] told = new boolean[1];
        DiscoveredRules.follow(
                "cluster_rules",
                discovered,
                faults.rules(),
                ClusterFaultConfig::rules,
                all -> {
                    told[0] = true;
                    rules.put(cluster, all);
                },
                configs,
                life);
        followed.put(cluster, new Followed(faults, life));
        if (!told[0]) {
            rules.put(cluster, faults.rules());
        }
        start(life);
    }

    private void start(Lifecycle life) {
        List<Lifecycle> held = waiting;
        if (held == null) {
            life.init().initialize(() -> {});
        } else {
            held.add(life);
        }
    }

    /** There is no such cluster any more. */
    void remove(String cluster) {
        Followed before = followed.remove(cluster);
        if (before != null) {
            before.life().end();
        }
        rules.remove(cluster);
    }

    /** From now on management servers can be asked. */
    void begin() {
        List<Lifecycle> held = waiting;
        waiting = null;
        if (held != null) {
            held.forEach(life -> life.init().initialize(() -> {}));
        }
    }
}
