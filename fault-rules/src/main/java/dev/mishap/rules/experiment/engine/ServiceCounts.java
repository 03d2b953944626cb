package dev.mishap.rules.experiment.engine;

/**
 * What the proxies in front of one observed service counted.
 *
 * @param all every request of the service
 * @param exposed those whose key is in the experiment's cohort
 */
public record ServiceCounts(RequestCounts all, RequestCounts exposed) {
    /** Nothing counted. */
    public static final ServiceCounts NONE = new ServiceCounts(RequestCounts.NONE, RequestCounts.NONE);

    /** The sum, as for several proxies in front of one service. */
    public ServiceCounts plus(ServiceCounts other) {
        return new ServiceCounts(all.plus(other.all), exposed.plus(other.exposed));
    }

    /** What was counted since {@code earlier}. */
    public ServiceCounts minus(ServiceCounts earlier) {
        return new ServiceCounts(all.minus(earlier.all), exposed.minus(earlier.exposed));
    }

    /** The counts of one population. */
    public RequestCounts of(Population population) {
        return population == Population.ALL ? all : exposed;
    }
}
