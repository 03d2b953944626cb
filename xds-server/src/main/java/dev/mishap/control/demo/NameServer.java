package dev.mishap.control.demo;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.Arrays;

/** The demo's DNS: every name is 127.0.0.1, and may be kept for no time at all. It has no idea that faults exist. */
final class NameServer implements AutoCloseable {
    private static final int HEADER = 12;
    private static final int QUESTION_TAIL = 4;
    /** A pointer to the question's name, A, IN, TTL 0, four bytes: 127.0.0.1. */
    private static final byte[] RECORD = {(byte) 0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1};

    private final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());

    NameServer() throws IOException {
        Thread thread = new Thread(this::serve, "name-server");
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return socket.getLocalPort();
    }

    private void serve() {
        byte[] buffer = new byte[512];
        while (!socket.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                byte[] answer = answer(Arrays.copyOf(buffer, packet.getLength()));
                if (answer.length > 0) {
                    socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                }
            } catch (IOException e) {
                continue; // closed, or a client is gone
            }
        }
    }

    static byte[] answer(byte[] question) {
        int at = HEADER;
        while (at < question.length && question[at] > 0) {
            at += question[at] + 1;
        }
        int end = at + 1 + QUESTION_TAIL;
        if (end > question.length) {
            return new byte[0];
        }
        byte[] answer = Arrays.copyOf(question, end + RECORD.length);
        answer[2] = (byte) 0x81; // an answer, recursion desired
        answer[3] = (byte) 0x80; // and available
        Arrays.fill(answer, 6, HEADER, (byte) 0);
        answer[7] = 1;
        System.arraycopy(RECORD, 0, answer, end, RECORD.length);
        return answer;
    }

    @Override
    public void close() {
        socket.close();
    }
}
