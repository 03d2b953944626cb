package dev.mishap.proxy.cluster.health;

/** Asks one endpoint, again and again. Confined to the main loop. */
interface Probe {
    /** Asks; one of the results is told, perhaps before this returns, unless {@link #cancel} comes first. */
    void start(Results to);

    /** Gives up what is under way; nothing is told. */
    void cancel();

    /** What came of it. */
    interface Results {
        void passed(boolean degraded);

        /** @param status of the response, 0 = none */
        void failed(Failure why, boolean retriable, int status);
    }
}
