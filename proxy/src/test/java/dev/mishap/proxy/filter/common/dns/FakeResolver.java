package dev.mishap.proxy.filter.common.dns;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;

/** A resolver over UDP and TCP that answers as a test says. */
final class FakeResolver implements AutoCloseable {
    /** What came: message, source port, and whether by TCP. */
    record Seen(byte[] message, int port, boolean tcp) {}

    final List<Seen> seen = new CopyOnWriteArrayList<>();
    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private final List<Socket> connections = new CopyOnWriteArrayList<>();
    private volatile BiFunction<byte[], Boolean, List<byte[]>> behaviour =
            (query, stream) -> List.of(Dns.answer(query, 0, 300, "192.0.2.1"));

    FakeResolver() throws IOException {
        ServerSocket listening = null;
        DatagramSocket socket = null;
        for (int i = 0; socket == null; i++) {
            listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            try {
                socket = new DatagramSocket(listening.getLocalPort(), InetAddress.getLoopbackAddress());
            } catch (IOException e) {
                listening.close();
                if (i > 20) {
                    throw e;
                }
            }
        }
        tcp = listening;
        udp = socket;
        start("fake-dns-udp", this::serveUdp);
        start("fake-dns-tcp", this::serveTcp);
    }

    private interface Loop {
        void run() throws IOException;
    }

    private static void start(String name, Loop loop) {
        Thread thread = new Thread(
                () -> {
                    try {
                        loop.run();
                    } catch (IOException e) {
                        return; // closed
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    InetSocketAddress address() {
        return (InetSocketAddress) tcp.getLocalSocketAddress();
    }

    /** Answers with what {@code answers} makes of a message, and of whether it came by TCP. */
    void answers(BiFunction<byte[], Boolean, List<byte[]>> answers) {
        behaviour = answers;
    }

    private void serveUdp() throws IOException {
        byte[] buffer = new byte[65535];
        while (true) {
            DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
            udp.receive(packet);
            byte[] message = Arrays.copyOf(buffer, packet.getLength());
            seen.add(new Seen(message, packet.getPort(), false));
            for (byte[] answer : behaviour.apply(message, false)) {
                udp.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            }
        }
    }

    private void serveTcp() throws IOException {
        while (true) {
            Socket socket = tcp.accept();
            connections.add(socket);
            start("fake-dns-connection", () -> {
                while (true) {
                    byte[] message = Dns.receive(socket);
                    seen.add(new Seen(message, socket.getPort(), true));
                    for (byte[] answer : behaviour.apply(message, true)) {
                        Dns.send(socket, answer);
                    }
                }
            });
        }
    }

    /** Nobody listens there any more. */
    void closeTcp() throws IOException {
        tcp.close();
        for (Socket socket : connections) {
            socket.close();
        }
    }

    @Override
    public void close() throws IOException {
        udp.close();
        tcp.close();
        for (Socket socket : connections) {
            socket.close();
        }
    }
}
