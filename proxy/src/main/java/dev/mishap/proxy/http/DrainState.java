package dev.mishap.proxy.http;

/**
 * Whether the process is going: set by signals and the admin server, read for every response. While it drains, HTTP/1 responses
 * carry {@code connection: close}.
 */
public final class DrainState {
    private volatile boolean draining;
    private volatile boolean failHealthChecks;

    /** Whether listeners are being drained. */
    public boolean draining() {
        return draining;
    }

    public void draining(boolean value) {
        draining = value;
    }

    /** Whether health checks are made to fail ({@code POST /healthcheck/fail}). */
    public boolean failHealthChecks() {
        return failHealthChecks;
    }

    public void failHealthChecks(boolean value) {
        failHealthChecks = value;
    }

    /** Whether a connection is to be closed after the response it is sending. */
    public boolean closeAfterResponse() {
        return draining || failHealthChecks;
    }
}
