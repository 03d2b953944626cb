package dev.mishap.proxy.cluster;

/** Keeps the endpoints of one cluster current: names being resolved, a subscription. Confined to the main loop. */
public interface EndpointSource {
    /** Begins; {@code initialized} is run once, when the endpoints are known for the first time or it is no use to wait longer. */
    void start(Runnable initialized);

    void stop();

    /**
     * Endpoints' health changed; whether the source has therefore replaced the endpoints ({@link Cluster#update}), for it may
     * have kept some for being healthy.
     */
    default boolean healthChanged() {
        return false;
    }

    /** Of a cluster that has its endpoints, or none, from the first moment. */
    EndpointSource READY = new EndpointSource() {
        @Override
        public void start(Runnable initialized) {
            initialized.run();
        }

        @Override
        public void stop() {}
    };
}
