package dev.mishap.deploy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What lies between two processes, and can be cut: then nothing passes and nobody is told, as in a network that is gone. What was sent
 * meanwhile arrives when it is mended.
 */
final class Cable implements AutoCloseable {
    private final ServerSocket socket = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    private final int port;
    private final List<Socket> open = new CopyOnWriteArrayList<>();
    private boolean cut;

    /** @param port where it leads to */
    Cable(int port) throws IOException {
        this.port = port;
        start(this::accept);
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "cable");
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return socket.getLocalPort();
    }

    synchronized void cut() {
        cut = true;
    }

    synchronized void mend() {
        cut = false;
        notifyAll();
    }

    private synchronized void awaitWhole() throws InterruptedException {
        while (cut) {
            wait();
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket near = socket.accept();
                open.add(near);
                start(() -> connect(near));
            }
        } catch (IOException e) {
            // It is closed.
        }
    }

    private void connect(Socket near) {
        try {
            awaitWhole();
            Socket far = new Socket(InetAddress.getLoopbackAddress(), port);
            open.add(far);
            start(() -> pass(near, far));
            pass(far, near);
        } catch (IOException e) {
            close(near);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void pass(Socket from, Socket to) {
        byte[] buffer = new byte[16384];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                awaitWhole();
                out.write(buffer, 0, n);
            }
        } catch (IOException e) {
            // One of them is gone, and so is the other.
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        close(from);
        close(to);
    }

    private void close(Socket end) {
        try {
            end.close();
        } catch (IOException e) {
            // It was gone before.
        }
        open.remove(end);
    }

    @Override
    public void close() throws IOException {
        socket.close();
        mend();
        open.forEach(this::close);
    }
}
