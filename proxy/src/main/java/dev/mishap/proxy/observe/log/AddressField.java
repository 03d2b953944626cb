package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.observe.log.FormatParser.Command;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Operators that write a socket address. */
final class AddressField extends Field {
    private final Function<StreamInfo, @Nullable SocketAddress> address;
    private final boolean port;
    /** Leading bits to keep, -1 = the whole address and no mask in the text. */
    private final int prefixBits;

    private AddressField(Function<StreamInfo, @Nullable SocketAddress> address, boolean port, int prefixBits) {
        this.address = address;
        this.port = port;
        this.prefixBits = prefixBits;
    }

    static Field withPort(Function<StreamInfo, @Nullable SocketAddress> address) {
        return new AddressField(address, true, -1);
    }

    static Field upstreamHost(boolean port) {
        return new AddressField(i -> i.upstreamHost, port, -1);
    }

    /** The bare IP; with a parameter N the network of its first N bits, as {@code 10.1.0.0/16}. */
    static Field withoutPort(Function<StreamInfo, @Nullable SocketAddress> address, Command command) {
        if (command.maxLength() >= 0) {
            throw new ConfigException(command.name() + " does not allow length to be specified.");
        }
        int bits = -1;
        if (!command.parameters().isEmpty()) {
            try {
                bits = Integer.parseInt(command.parameters());
            } catch (NumberFormatException e) {
                bits = -2;
            }
            if (bits < 0 || bits > 128) {
                throw new ConfigException("Invalid CIDR prefix length: " + command.parameters());
            }
        }
        return new AddressField(address, false, bits);
    }

    /** The name that the endpoint was resolved from, else its address. */
    static Field hostName(boolean port) {
        return new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                StreamInfo info = context.info();
                SocketAddress host = info.upstreamHost;
                if (host == null) {
                    return false;
                }
                String name = info.upstreamHostName;
                if (name == null || name.isEmpty()) {
                    InetAddress ip = port ? null : ip(host);
                    if (ip == null) {
                        out.address(host);
                    } else {
                        out.ip(ip, true);
                    }
                    return true;
                }
                int colon = name.lastIndexOf(':');
                out.latin1(port || colon < 0 ? name : name.substring(0, colon));
                return true;
            }
        };
    }

    @Override
    boolean append(LogContext context, LogBuffer out) {
        SocketAddress a = address.apply(context.info());
        if (a == null) {
            return false;
        }
        InetAddress ip = ip(a);
        if (port || ip == null) {
            out.address(a);
        } else if (prefixBits < 0) {
            out.ip(ip, true);
        } else {
            byte[] raw = ip.getAddress();
            int bits = Math.min(prefixBits, raw.length * 8);
            out.ip(masked(raw, bits), true);
            out.append('/');
            out.number(bits);
        }
        return true;
    }

    private static @Nullable InetAddress ip(SocketAddress address) {
        return address instanceof InetSocketAddress inet ? inet.getAddress() : null;
    }

    private static InetAddress masked(byte[] raw, int bits) {
        for (int i = 0; i < raw.length; i++) {
            int keep = Math.max(0, Math.min(8, bits - 8 * i));
            raw[i] &= (byte) (0xff00 >> keep);
        }
        try {
            return InetAddress.getByAddress(raw);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // only for a wrong number of bytes
        }
    }
}
