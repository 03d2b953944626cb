package dev.mishap.proxy.upstream;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A TCP server on a free port whose connections each run a script, so that a test says byte by byte what an upstream does. */
public final class RawUpstream implements AutoCloseable {
    /** What one connection does. */
    @FunctionalInterface
    public interface Script {
        void run(Peer peer) throws IOException;
    }

    /** The server's side of one connection. */
    public static final class Peer {
        public final Socket socket;
        /** 0 for the first connection. */
        public final int ordinal;

        Peer(Socket socket, int ordinal) {
            this.socket = socket;
            this.ordinal = ordinal;
        }

        /** Reads up to and with the blank line; {@code ""} at the end of input. */
        public String readHead() throws IOException {
            InputStream in = socket.getInputStream();
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            int b;
            while ((b = in.read()) >= 0) {
                out.write(b);
                String s = out.toString(StandardCharsets.ISO_8859_1);
                if (s.endsWith("\r\n\r\n")) {
                    return s;
                }
            }
            return out.toString(StandardCharsets.ISO_8859_1);
        }

        public String read(int n) throws IOException {
            return new String(socket.getInputStream().readNBytes(n), StandardCharsets.ISO_8859_1);
        }

        public void send(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().flush();
        }

        /** Waits until the other side closes; returns how many bytes came before. */
        public long drain() throws IOException {
            try {
                return socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
            } catch (IOException e) {
                return -1; // reset, which is an end as well
            }
        }

        /** Closes with a RST. */
        public void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }
    }

    private final ServerSocket server;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger count = new AtomicInteger();

    public RawUpstream(Script script) {
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        thread(() -> accept(script));
    }

    private static void thread(Runnable r) {
        Thread t = new Thread(r, "raw-upstream");
        t.setDaemon(true);
        t.start();
    }

    private void accept(Script script) {
        while (true) {
            Socket s;
            try {
                s = server.accept();
                s.setTcpNoDelay(true);
            } catch (IOException e) {
                return; // closed
            }
            open.add(s);
            Peer peer = new Peer(s, count.getAndIncrement());
            thread(() -> {
                try (s) {
                    script.run(peer);
                } catch (IOException e) {
                    // The proxy closed first; the test looks at what the proxy makes of it.
                } finally {
                    open.remove(s);
                }
            });
        }
    }

    public int port() {
        return server.getLocalPort();
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    public int connections() {
        return count.get();
    }

    @Override
    public void close() {
        try {
            server.close();
            for (Socket s : open) {
                s.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
