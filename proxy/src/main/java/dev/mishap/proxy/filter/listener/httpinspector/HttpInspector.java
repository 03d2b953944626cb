package dev.mishap.proxy.filter.listener.httpinspector;

import dev.mishap.proxy.filter.listener.ListenerFilter;
import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Looks at the first line of a connection without TLS, and notes the version of HTTP as if ALPN had told it. */
final class HttpInspector implements ListenerFilter {
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_LINE = 64 * 1024;

    private final HttpInspectorExtension.Stats stats;
    private @Nullable ConnectionInfo connection;

    HttpInspector(HttpInspectorExtension.Stats stats) {
        this.stats = stats;
    }

    @Override
    public Status onAccept(Channel channel, ConnectionInfo info) {
        connection = info;
        return info.transportProtocol().equals("raw_buffer") ? Status.NEED_BYTES : Status.CONTINUE;
    }

    @Override
    public Status onBytes(ByteBuf peeked) {
        int n = Math.min(PREFACE.length, peeked.readableBytes());
        int same = 0;
        while (same < n && peeked.getByte(peeked.readerIndex() + same) == PREFACE[same]) {
            same++;
        }
        if (same == n) {
            if (n < PREFACE.length) {
                return Status.NEED_BYTES;
            }
            stats.http2().inc();
            return found("h2c");
        }
        int newline = peeked.bytesBefore((byte) '\n');
        if (newline < 0) {
            if (!methodSoFar(peeked)) {
                return notFound();
            }
            if (peeked.readableBytes() < MAX_LINE) {
                return Status.NEED_BYTES;
            }
            stats.readError().inc();
            return Status.CLOSE;
        }
        return line(peeked.toString(peeked.readerIndex(), newline, StandardCharsets.ISO_8859_1));
    }

    /** Whether the bytes up to the first blank can be a method. */
    private static boolean methodSoFar(ByteBuf in) {
        for (int i = in.readerIndex(); i < in.writerIndex(); i++) {
            byte b = in.getByte(i);
            if (b == ' ' && i > in.readerIndex()) {
                return true;
            }
            if (!isToken((char) (b & 0xff))) {
                return false;
            }
        }
        return true;
    }

    /** RFC 9110 5.6.2. */
    private static boolean isToken(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }

    private Status line(String text) {
        String line = text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
        int blank = line.indexOf(' ');
        if (blank <= 0) {
            return notFound();
        }
        for (int i = 0; i < blank; i++) {
            if (!isToken(line.charAt(i))) {
                return notFound();
            }
        }
        String rest = line.substring(blank).strip();
        int target = rest.indexOf(' ');
        if (target < 0) {
            // HTTP/0.9: a line without a version.
            return rest.isEmpty() ? notFound() : http1("0.9");
        }
        String version = rest.substring(target).strip();
        boolean known = version.length() == 8
                && version.startsWith("HTTP/")
                && Character.isDigit(version.charAt(5))
                && version.charAt(6) == '.'
                && Character.isDigit(version.charAt(7));
        return known ? http1(version.substring(5)) : notFound();
    }

    private Status http1(String version) {
        if (version.equals("1.1")) {
            stats.http11().inc();
            return found("http/1.1");
        }
        stats.http10().inc();
        return found("http/1.0");
    }

    private Status found(String protocol) {
        ConnectionInfo info = connection;
        assert info != null;
        info.applicationProtocols = List.of(protocol);
        return Status.CONTINUE;
    }

    private Status notFound() {
        stats.notFound().inc();
        return Status.CONTINUE;
    }
}
