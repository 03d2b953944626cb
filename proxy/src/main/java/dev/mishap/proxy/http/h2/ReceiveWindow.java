package dev.mishap.proxy.http.h2;

/** What we let the peer send on the connection. A window is given back when the bytes have gone on, half of it at a time. */
final class ReceiveWindow {
    private final H2Connection connection;
    private final int size;
    private int left = H2Frame.DEFAULT_WINDOW;
    private int unreturned;

    /** @param size bytes, once {@link #widen} was called */
    ReceiveWindow(H2Connection connection, int size) {
        this.connection = connection;
        this.size = size;
    }

    /** Makes the window as large as configured; a server does so when the client has said its settings, as in Envoy. */
    void widen() {
        int more = size - H2Frame.DEFAULT_WINDOW;
        if (more > 0) {
            connection.output().windowUpdate(0, more);
            left += more;
        }
    }

    /** The peer sends {@code n} bytes; false = it may not. */
    boolean take(int n) {
        left -= n;
        return left >= 0;
    }

    /** {@code n} bytes have gone on: the peer may send as many again. */
    void consumed(int n) {
        unreturned += n;
        if (unreturned >= size / 2 && connection.reads()) {
            connection.output().windowUpdate(0, unreturned);
            left += unreturned;
            unreturned = 0;
        }
    }
}
