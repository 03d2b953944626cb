package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.LbPolicy;
import dev.mishap.proxy.cluster.LoadBalancer;
import java.util.function.LongSupplier;

/**
 * LEAST_REQUEST.
 *
 * @param choiceCount endpoints that are compared, &ge; 2; default 2
 * @param fullScan whether all are compared
 * @param activeRequestBias how much requests on their way lessen a weight; default 1
 */
record LeastRequestPolicy(
        int choiceCount,
        boolean fullScan,
        RuntimeDouble activeRequestBias,
        SlowStartConfig slowStart,
        LocalityConfig localities)
        implements LbPolicy {
    @Override
    public LoadBalancer balancer(Cluster cluster, LongSupplier random) {
        SlowStart slow = new SlowStart(slowStart, cluster);
        return new ScheduledBalancer(
                cluster, localities, () -> new LeastRequestPicker(this, cluster, random, slow), random);
    }
}
