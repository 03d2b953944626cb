package dev.mishap.proxy.filter.listener.proxyprotocol;

import dev.mishap.proxy.transport.ProxyTlv;
import io.netty.buffer.ByteBuf;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A PROXY header, read from the bytes that a connection begins with. Addresses are null when the header tells none: the proxy
 * speaks for itself.
 *
 * @param size its length in bytes
 */
record ProxyHeader(
        int size,
        @Nullable InetSocketAddress source,
        @Nullable InetSocketAddress destination,
        List<ProxyTlv> tlvs) {
    static final byte[] V2_SIGNATURE = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
    static final byte[] V1_SIGNATURE = "PROXY".getBytes(StandardCharsets.US_ASCII);
    static final int V2_FIXED = 16;
    /** Of a version 1 header with its end of line, as Envoy counts. */
    static final int V1_MAX = 108;

    /** A header that breaks the rules. */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1L;

        Malformed(String message) {
            super(message, null, false, false);
        }
    }

    /** Whether the first bytes of {@code in}, as many as are there, are those of {@code signature}. */
    static boolean begins(ByteBuf in, byte[] signature) {
        int n = Math.min(signature.length, in.readableBytes());
        for (int i = 0; i < n; i++) {
            if (in.getByte(in.readerIndex() + i) != signature[i]) {
                return false;
            }
        }
        return true;
    }

    /** Reads a version 1 header: a line without its CRLF. */
    static ProxyHeader v1(String line) throws Malformed {
        int size = line.length() + 2;
        String[] parts = line.stripTrailing().split(" ", -1);
        if (parts.length >= 2 && parts[0].equals("PROXY") && parts[1].equals("UNKNOWN")) {
            return new ProxyHeader(size, null, null, List.of());
        }
        if (parts.length != 6 || !parts[0].equals("PROXY")) {
            throw new Malformed("not six words");
        }
        int length = switch (parts[1]) {
            case "TCP4" -> 4;
            case "TCP6" -> 16;
            default -> throw new Malformed("unknown protocol");
        };
        return new ProxyHeader(
                size,
                new InetSocketAddress(address(parts[2], length), port(parts[4])),
                new InetSocketAddress(address(parts[3], length), port(parts[5])),
                List.of());
    }

    private static InetAddress address(String text, int length) throws Malformed {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
        if (bytes == null || bytes.length != length || length == 4 && !text.equals(NetUtil.bytesToIpAddress(bytes))) {
            throw new Malformed("not an address");
        }
        return of(bytes);
    }

    private static int port(String text) throws Malformed {
        try {
            int port = Integer.parseInt(text);
            if (port >= 0 && port <= 65535) {
                return port;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new Malformed("not a port");
    }

    private static InetAddress of(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // only for a wrong number of bytes
        }
    }

    /** Reads a version 2 header that is there as a whole. */
    static ProxyHeader v2(ByteBuf in) throws Malformed {
        int at = in.readerIndex();
        int command = in.getByte(at + 12) & 0xff;
        int family = in.getByte(at + 13) & 0xff;
        int length = in.getUnsignedShort(at + 14);
        if (command == 0x20) {
            return new ProxyHeader(V2_FIXED + length, null, null, List.of());
        }
        if (command != 0x21) {
            throw new Malformed("unknown version or command");
        }
        // Of streams and of datagrams alike, as in Envoy.
        int ip = switch (family) {
            case 0x11, 0x12 -> 4;
            case 0x21, 0x22 -> 16;
            default -> throw new Malformed("unknown address family");
        };
        int addresses = 2 * ip + 4;
        if (length < addresses) {
            throw new Malformed("no room for the addresses");
        }
        int from = at + V2_FIXED;
        byte[] source = new byte[ip];
        byte[] destination = new byte[ip];
        in.getBytes(from, source);
        in.getBytes(from + ip, destination);
        return new ProxyHeader(
                V2_FIXED + length,
                new InetSocketAddress(of(source), in.getUnsignedShort(from + 2 * ip)),
                new InetSocketAddress(of(destination), in.getUnsignedShort(from + 2 * ip + 2)),
                tlvs(in, from + addresses, from + length));
    }

    private static List<ProxyTlv> tlvs(ByteBuf in, int from, int end) throws Malformed {
        List<ProxyTlv> all = new ArrayList<>();
        int at = from;
        while (at < end) {
            if (end - at < 3 || in.getUnsignedShort(at + 1) > end - at - 3) {
                throw new Malformed("a TLV longer than the header");
            }
            byte[] value = new byte[in.getUnsignedShort(at + 1)];
            in.getBytes(at + 3, value);
            all.add(new ProxyTlv(in.getByte(at) & 0xff, value));
            at += 3 + value.length;
        }
        return all;
    }
}
