package dev.mishap.deploy;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;

/** A resolver over UDP that knows every name and no record, and a client to ask such ones. */
final class FakeResolver implements AutoCloseable {
    /** An A question for {@code db.internal}. */
    private static final byte[] QUESTION = {
        0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 'd', 'b', 8, 'i', 'n', 't', 'e', 'r', 'n', 'a', 'l', 0, 0, 1, 0, 1
    };

    private static final int MILLIS = 2_000;

    private final DatagramSocket socket;

    FakeResolver() throws IOException {
        socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(this::answer, "fake-resolver");
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return socket.getLocalPort();
    }

    private void answer() {
        byte[] buffer = new byte[1500];
        while (!socket.isClosed()) {
            DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
            try {
                socket.receive(packet);
                buffer[2] |= (byte) 0x80;
                socket.send(packet);
            } catch (IOException e) {
                // It is closed, or the asker is gone.
            }
        }
    }

    /** The RCODE of an answer; -1 = none came. */
    static int ask(String address, int port) {
        try (DatagramSocket client = new DatagramSocket()) {
            client.setSoTimeout(MILLIS);
            client.send(new DatagramPacket(QUESTION, QUESTION.length, InetAddress.getByName(address), port));
            DatagramPacket answer = new DatagramPacket(new byte[1500], 1500);
            client.receive(answer);
            return answer.getData()[3] & 15;
        } catch (IOException e) {
            return -1;
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
