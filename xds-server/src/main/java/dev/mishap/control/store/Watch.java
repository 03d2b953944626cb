package dev.mishap.control.store;

/** A watch under way. Closing it is quiet: the listener is not told, and not called once {@link #close} has returned and the call under way has ended. */
public interface Watch extends AutoCloseable {
    @Override
    void close();
}
