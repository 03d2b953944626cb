package dev.mishap.proxy.transport;

/**
 * Told to the handlers of a connection, as a user event of its pipeline, when the process is to end. A handler with something to
 * finish {@linkplain #take takes} it and closes the connection when that is done; a connection of which none does is closed at once.
 */
public final class ProcessEnd {
    private boolean taken;

    /** Says that the caller will end the connection. */
    public void take() {
        taken = true;
    }

    public boolean isTaken() {
        return taken;
    }
}
