package dev.mishap.control.experiment;

import java.net.http.HttpTimeoutException;
import org.jspecify.annotations.Nullable;

/** A proxy could not be reached, or answered a request of the rules API with an error. */
public final class ProxyException extends Exception {
    private final int status;

    ProxyException(String message, @Nullable Throwable cause) {
        super(message, cause);
        status = 0;
    }

    ProxyException(int status, String message) {
        super(message);
        this.status = status;
    }

    /** Whether the proxy may only be slow: there is something at the address, and it did not answer in time. */
    boolean timedOut() {
        return getCause() instanceof HttpTimeoutException;
    }

    /** The HTTP status; 0 when there was no answer. */
    int status() {
        return status;
    }
}
