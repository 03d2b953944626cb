package dev.mishap.deploy;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** One HTTP/1.1 connection of a client that sees every byte: what came too much, what was cut, RST and FIN told apart. */
final class RawHttp implements AutoCloseable {
    /** How an exchange ended. */
    enum End {
        /** A whole response, and the connection goes on. */
        KEPT,
        /** A whole response that says {@code connection: close}. */
        LAST,
        /** The connection ended before a response began. */
        NOTHING,
        /** The connection ended within a response. */
        CUT
    }

    record Answer(End end, int status, String head, String body) {}

    private final Socket socket;
    private final InputStream in;

    RawHttp(int port) throws IOException {
        socket = new Socket("127.0.0.1", port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(30_000);
        in = new BufferedInputStream(socket.getInputStream());
    }

    void send(String bytes) throws IOException {
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }

    Socket socket() {
        return socket;
    }

    /** Whether bytes have come that no request asked for. */
    boolean hasSurplus() throws IOException {
        return in.available() > 0;
    }

    /** Reads one response. */
    Answer read() throws IOException {
        String head;
        try {
            head = head(in);
        } catch (SocketException reset) {
            return new Answer(End.NOTHING, 0, "", "");
        }
        if (head == null) {
            return new Answer(End.NOTHING, 0, "", "");
        }
        int status = Integer.parseInt(head.substring(9, 12));
        int length = Integer.parseInt(header(head, "content-length", "0"));
        byte[] body;
        try {
            body = in.readNBytes(length);
        } catch (SocketException reset) {
            body = new byte[0];
        }
        String text = new String(body, StandardCharsets.ISO_8859_1);
        if (body.length < length) {
            return new Answer(End.CUT, status, head, text);
        }
        boolean last = header(head, "connection", "").equalsIgnoreCase("close");
        return new Answer(last ? End.LAST : End.KEPT, status, head, text);
    }

    /** Reads a head to its empty line; null when the connection ends before its first byte. */
    static @Nullable String head(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int matched = 0;
        while (matched < 4) {
            int b = in.read();
            if (b < 0) {
                if (head.size() == 0) {
                    return null;
                }
                throw new SocketException("the head is cut");
            }
            head.write(b);
            matched = b == (matched % 2 == 0 ? '\r' : '\n') ? matched + 1 : b == '\r' ? 1 : 0;
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    /** The value of a header's first line. */
    static String header(String head, String name, String otherwise) {
        for (String line : head.split("\r\n")) {
            int colon = line.indexOf(':');
            if (colon > 0 && line.substring(0, colon).toLowerCase(Locale.ROOT).equals(name)) {
                return line.substring(colon + 1).strip();
            }
        }
        return otherwise;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
