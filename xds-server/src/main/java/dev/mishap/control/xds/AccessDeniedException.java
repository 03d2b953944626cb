package dev.mishap.control.xds;

/** A peer may not be the node that it says it is. */
public final class AccessDeniedException extends RuntimeException {
    public AccessDeniedException(String message) {
        super(message, null, false, false);
    }
}
