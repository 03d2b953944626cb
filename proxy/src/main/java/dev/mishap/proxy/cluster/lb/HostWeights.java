package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.HostSet;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Endpoints with weights that add up to 1, as rings and tables want them. */
final class HostWeights {
    final List<Endpoint> endpoints = new ArrayList<>();
    final List<Double> weights = new ArrayList<>();
    double min = 1;
    double max;

    /** Those of a priority that may be picked; with localities, each counts by its weight and one of weight 0 not at all. */
    static HostWeights of(HostSet set, boolean panic, boolean weighsLocalities) {
        HostWeights w = new HostWeights();
        if (!weighsLocalities) {
            w.add(panic ? set.all() : set.healthy(), 1);
            return w;
        }
        long sum = 0;
        for (int i = 0; i < set.localities().size(); i++) {
            sum += set.localityWeight(i);
        }
        for (int i = 0; i < set.localities().size(); i++) {
            if (set.localityWeight(i) != 0) {
                List<List<Endpoint>> of = panic ? set.byLocality() : set.healthyByLocality();
                w.add(of.get(i), (double) set.localityWeight(i) / sum);
            }
        }
        return w;
    }

    private void add(List<Endpoint> some, double share) {
        long sum = 0;
        for (Endpoint e : some) {
            sum += e.weight();
        }
        for (Endpoint e : some) {
            double weight = e.weight() * share / sum;
            endpoints.add(e);
            weights.add(weight);
            min = Math.min(min, weight);
            max = Math.max(max, weight);
        }
    }

    /** What an endpoint is hashed by: {@code hash_key} of its metadata, else its hostname if wanted, else its address. */
    static byte[] key(Endpoint e, boolean byHostname) {
        Object given = e.metadata().getOrDefault("envoy.lb", Map.of()).get("hash_key");
        String key = given instanceof String s ? s : byHostname ? e.hostname() : e.toString();
        return key.getBytes(StandardCharsets.UTF_8);
    }
}
