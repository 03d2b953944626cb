package dev.mishap.control.demo;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Asks a DNS server for the address of one name, each time anew, as a client does whose answers have a time to live of 0. */
final class NameLookup implements AutoCloseable {
    private static final int HEADER = 12;

    private final String name;
    private final long timeoutMillis;
    private final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    private final Map<Integer, CompletableFuture<Boolean>> waiting = new ConcurrentHashMap<>();
    private final AtomicInteger ids = new AtomicInteger();

    NameLookup(String name, int serverPort, long timeoutMillis) throws IOException {
        this.name = name;
        this.timeoutMillis = timeoutMillis;
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort));
        Thread thread = new Thread(this::receive, "name-lookup");
        thread.setDaemon(true);
        thread.start();
    }

    /** Whether the name had an address in time. */
    CompletableFuture<Boolean> lookUp() {
        int id = ids.incrementAndGet() & 0xffff;
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        byte[] question = question(id);
        try {
            socket.send(new DatagramPacket(question, question.length));
        } catch (IOException e) {
            answer.complete(false);
        }
        return answer.completeOnTimeout(false, timeoutMillis, TimeUnit.MILLISECONDS)
                .whenComplete((found, problem) -> waiting.remove(id, answer));
    }

    private byte[] question(int id) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) (id >> 8), (byte) id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0});
        for (String label : name.split("\\.")) {
            out.write(label.length());
            out.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        out.writeBytes(new byte[] {0, 0, 1, 0, 1});
        return out.toByteArray();
    }

    private void receive() {
        byte[] buffer = new byte[512];
        while (!socket.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                if (packet.getLength() >= HEADER) {
                    CompletableFuture<Boolean> asked = waiting.get((buffer[0] & 0xff) << 8 | buffer[1] & 0xff);
                    if (asked != null) {
                        asked.complete((buffer[3] & 15) == 0 && buffer[7] > 0);
                    }
                }
            } catch (IOException e) {
                continue; // closed, or nobody listens there yet
            }
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
