package dev.mishap.control.experiment;

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

    /** The HTTP status; 0 when there was no answer. */
    int status() {
        return status;
    }
}
