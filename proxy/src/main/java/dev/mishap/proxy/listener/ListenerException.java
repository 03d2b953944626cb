package dev.mishap.proxy.listener;

/** Something is wrong with a listener; whoever catches it says with which. */
final class ListenerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ListenerException(String message) {
        super(message, null, false, false);
    }
}
