package dev.mishap.deploy;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An HTTP/1.1 server on raw sockets that does to a request what the request's {@code x-trouble} header says: {@code none}, {@code reset}
 * (before an answer), {@code cut} (a reset in the middle of the body), {@code close} (FIN in the middle of the body), {@code stall} (the
 * answer waits for {@link #letGo}), {@code bye} (closes after the answer without saying so), {@code garbage}. An answer's body begins
 * with the request's {@code x-id}.
 */
final class TroubledUpstream implements AutoCloseable {
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong requests = new AtomicLong();
    private final int port;
    private volatile CountDownLatch stalled = new CountDownLatch(1);
    private volatile ServerSocket server;

    TroubledUpstream() throws IOException {
        port = ProxyProcess.freePort();
        server = listen();
    }

    private ServerSocket listen() throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress("127.0.0.1", port), 1024);
        Thread acceptor = new Thread(
                () -> {
                    while (true) {
                        try {
                            Socket connection = socket.accept();
                            open.add(connection);
                            Thread thread = new Thread(() -> serve(connection), "upstream-connection");
                            thread.setDaemon(true);
                            thread.start();
                        } catch (IOException closed) {
                            return;
                        }
                    }
                },
                "upstream-acceptor");
        acceptor.setDaemon(true);
        acceptor.start();
        return socket;
    }

    int port() {
        return port;
    }

    /** How many requests arrived whole. */
    long requests() {
        return requests.get();
    }

    /** Answers what is stalled. */
    void letGo() {
        CountDownLatch was = stalled;
        stalled = new CountDownLatch(1);
        was.countDown();
    }

    /** Stops listening and resets every connection, as a process that is killed. */
    void kill() throws IOException {
        server.close();
        for (Socket each : open) {
            reset(each);
        }
    }

    /** Listens again, at the same port. */
    void restart() throws IOException {
        server = listen();
    }

    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException gone) {
            // That is what was wanted.
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            connection.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(connection.getInputStream());
            OutputStream out = connection.getOutputStream();
            while (true) {
                String head = RawHttp.head(in);
                if (head == null) {
                    return;
                }
                String id = RawHttp.header(head, "x-id", "");
                int length = Integer.parseInt(RawHttp.header(head, "content-length", "0"));
                in.skipNBytes(length);
                requests.incrementAndGet();
                if (!answer(connection, out, id, RawHttp.header(head, "x-trouble", "none"))) {
                    return;
                }
            }
        } catch (IOException gone) {
            // The proxy went away, or kill() did this.
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            open.remove(connection);
        }
    }

    /** Whether the connection goes on. */
    private boolean answer(Socket connection, OutputStream out, String id, String trouble)
            throws IOException, InterruptedException {
        byte[] body = (id + "\n").repeat(40).getBytes(StandardCharsets.US_ASCII);
        byte[] head = ("HTTP/1.1 200 OK\r\nx-id: " + id + "\r\ncontent-length: " + body.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        switch (trouble) {
            case "reset" -> {
                reset(connection);
                return false;
            }
            case "cut", "close" -> {
                out.write(head);
                out.write(body, 0, body.length / 2);
                out.flush();
                if (trouble.equals("cut")) {
                    reset(connection);
                }
                return false;
            }
            case "garbage" -> {
                out.write("nonsense of no protocol\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                return false;
            }
            case "stall" -> stalled.await();
            default -> {}
        }
        byte[] whole = new byte[head.length + body.length];
        System.arraycopy(head, 0, whole, 0, head.length);
        System.arraycopy(body, 0, whole, head.length, body.length);
        out.write(whole);
        return !trouble.equals("bye");
    }

    @Override
    public void close() throws IOException {
        letGo();
        kill();
    }
}
