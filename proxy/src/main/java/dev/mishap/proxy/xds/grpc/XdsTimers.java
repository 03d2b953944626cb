package dev.mishap.proxy.xds.grpc;

/** Time on the main loop; tests have their own. */
public interface XdsTimers {
    /** A timer that was started. */
    interface Timer {
        void cancel();
    }

    Timer schedule(Runnable action, long delayNanos);

    long nanoTime();

    /** A draw from 0 to {@code bound}, exclusive. */
    long random(long bound);
}
