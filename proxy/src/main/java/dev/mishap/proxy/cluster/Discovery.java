package dev.mishap.proxy.cluster;

/** Where a cluster's endpoints come from. Confined to the main loop. */
interface Discovery {
    /** Begins; {@code firstAnswer} runs once, when the first endpoints are there or it is known that there are none. */
    void start(Runnable firstAnswer);

    void stop();
}
