package dev.mishap.proxy.observe.stats;

/**
 * Stats that are in no store: counted where they are used, and read when somebody looks. They are always shown, whatever the
 * {@code stats_matcher} says and whether they were ever written, and {@code /reset_counters} leaves them as they are.
 */
public interface StatSource {
    /** Tells of each; called by any thread. */
    void forEach(Visitor visitor);

    /** Is told of stats. */
    interface Visitor {
        /**
         * One stat.
         *
         * @param name the full name
         * @param tagged the name without its tags, and those; {@code stats_tags} aside
         * @param counter else it is a gauge
         */
        void stat(String name, TagExtractor.Tagged tagged, boolean counter, long value);
    }
}
