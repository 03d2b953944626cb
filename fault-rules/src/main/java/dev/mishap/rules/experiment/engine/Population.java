package dev.mishap.rules.experiment.engine;

/** Over whom a condition is judged. */
public enum Population {
    /** All traffic of the observed service. */
    ALL,
    /** The requests whose key is in the experiment's cohort. */
    EXPOSED,
    /** A query to a metrics store: one number, without a sample size. */
    QUERY
}
