package dev.mishap.proxy.admin;

/** The body of an answer that goes on until the client goes. */
public interface AdminStream {
    /** Takes what is to be sent. Any thread. A client that does not keep up is cut off, so that nothing piles up for it. */
    @FunctionalInterface
    interface Sink {
        void write(String text);
    }

    /** Begins; on the connection's loop. False when there is no room for another one: the connection ends then. */
    boolean start(Sink sink);

    /** What is sent now and then, so that a client that is gone is noticed. */
    String keepAlive();

    /** The client is gone. On the connection's loop. */
    void close();
}
