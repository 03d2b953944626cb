package dev.mishap.proxy.cluster;

/**
 * How an endpoint is picked.
 *
 * @param kind the algorithm
 * @param choiceCount endpoints that LEAST_REQUEST compares, &ge; 2; default 2
 */
public record LbPolicy(Kind kind, int choiceCount) {
    public static final LbPolicy ROUND_ROBIN = new LbPolicy(Kind.ROUND_ROBIN, 2);

    /** The algorithms of {@code envoy.config.cluster.v3.Cluster.LbPolicy} that we have. */
    public enum Kind {
        ROUND_ROBIN,
        LEAST_REQUEST,
        RANDOM
    }
}
