package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.HostSet;
import java.util.List;

/** The weights of localities, lessened where too few of a locality's endpoints can be used. */
final class LocalityWeights {
    private LocalityWeights() {}

    /** The weight of each locality, when {@code eligible} are those that can be used of each. */
    static double[] of(HostSet set, List<List<Endpoint>> eligible) {
        double[] weights = new double[eligible.size()];
        for (int i = 0; i < weights.length; i++) {
            int count = set.byLocality().get(i).size()
                    - set.excludedByLocality().get(i).size();
            if (count > 0) {
                double share = (double) eligible.get(i).size() / count;
                weights[i] = set.localityWeight(i) * Math.min(1, set.overprovisioningPercent() / 100.0 * share);
            }
        }
        return weights;
    }
}
