package dev.mishap.proxy.filter.common.dns;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** DNS messages as tests write and read them, by other code than what is tested. */
final class Dns {
    static final int A = 1;
    static final int TXT = 16;
    static final int AAAA = 28;

    private Dns() {}

    static byte[] query(int id, String name, int type) {
        return query(id, name, type, new byte[0]);
    }

    /** @param additional records after the question, each an OPT */
    static byte[] query(int id, String name, int type, byte[] additional) {
        return bytes(out -> {
            out.writeShort(id);
            out.writeShort(0x0100);
            out.writeShort(1);
            out.writeInt(0);
            out.writeShort(additional.length > 0 ? 1 : 0);
            name(out, name);
            out.writeShort(type);
            out.writeShort(1);
            out.write(additional);
        });
    }

    /** An OPT record that says DO, 4096 bytes, and has an option. */
    static byte[] edns() {
        return new byte[] {0, 0, 41, 16, 0, 0, 0, (byte) 0x80, 0, 0, 8, 0, 10, 0, 4, 1, 2, 3, 4};
    }

    /** An OPT record that says so many bytes. */
    static byte[] edns(int payload) {
        return new byte[] {0, 0, 41, (byte) (payload >> 8), (byte) payload, 0, 0, 0, 0, 0, 0};
    }

    /** An answer with addresses, whose names are pointers, and {@code ttl}. */
    static byte[] answer(byte[] query, int rcode, int ttl, String... addresses) {
        int end = questionEnd(query);
        return bytes(out -> {
            out.writeShort(id(query));
            out.writeShort(0x8180 | rcode);
            out.writeShort(1);
            out.writeShort(addresses.length);
            out.writeInt(0);
            out.write(query, 12, end - 12);
            for (String address : addresses) {
                byte[] bytes = InetAddress.getByName(address).getAddress();
                out.writeShort(0xc00c);
                out.writeShort(bytes.length == 4 ? A : AAAA);
                out.writeShort(1);
                out.writeInt(ttl);
                out.writeShort(bytes.length);
                out.write(bytes);
            }
        });
    }

    /** An answer with one TXT record of {@code length} bytes. */
    static byte[] large(byte[] query, int length) {
        return bytes(out -> {
            out.write(answer(query, 0, 0));
            out.writeShort(0xc00c);
            out.writeShort(TXT);
            out.writeShort(1);
            out.writeInt(60);
            out.writeShort(length);
            out.write(new byte[length]);
        });
    }

    static byte[] withCounts(byte[] message, int answers) {
        byte[] copy = message.clone();
        copy[6] = (byte) (answers >> 8);
        copy[7] = (byte) answers;
        return copy;
    }

    static int questionEnd(byte[] m) {
        int at = 12;
        while (m[at] != 0) {
            at += m[at] + 1;
        }
        return at + 5;
    }

    static int id(byte[] m) {
        return (m[0] & 0xff) << 8 | m[1] & 0xff;
    }

    static byte[] withId(byte[] m, int id) {
        byte[] copy = m.clone();
        copy[0] = (byte) (id >> 8);
        copy[1] = (byte) id;
        return copy;
    }

    static int rcode(byte[] m) {
        return m[3] & 15;
    }

    static boolean truncated(byte[] m) {
        return (m[2] & 2) != 0;
    }

    static int answers(byte[] m) {
        return (m[6] & 0xff) << 8 | m[7] & 0xff;
    }

    /** Time to live and data of the only record of an answer whose names are pointers. */
    static String record(byte[] m) {
        int at = questionEnd(m) + 6;
        int ttl = (m[at] & 0xff) << 24 | (m[at + 1] & 0xff) << 16 | (m[at + 2] & 0xff) << 8 | m[at + 3] & 0xff;
        int length = m[at + 5] & 0xff;
        byte[] data = new byte[length];
        System.arraycopy(m, at + 6, data, 0, length);
        try {
            return InetAddress.getByAddress(data).getHostAddress() + " " + ttl;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void send(Socket socket, byte[] message) throws IOException {
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        ByteArrayOutputStream framed = new ByteArrayOutputStream();
        framed.write(message.length >> 8);
        framed.write(message.length);
        framed.write(message);
        out.write(framed.toByteArray());
    }

    static byte[] receive(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] message = new byte[in.readUnsignedShort()];
        in.readFully(message);
        return message;
    }

    private static void name(DataOutputStream out, String name) throws IOException {
        for (String label : name.split("\\.")) {
            out.writeByte(label.length());
            out.write(label.getBytes(StandardCharsets.ISO_8859_1));
        }
        out.writeByte(0);
    }

    private interface Writer {
        void write(DataOutputStream out) throws IOException;
    }

    private static byte[] bytes(Writer writer) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            writer.write(new DataOutputStream(out));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
