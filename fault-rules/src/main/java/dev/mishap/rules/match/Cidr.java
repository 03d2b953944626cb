package dev.mishap.rules.match;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * A range of IP addresses. An IPv4 range also holds the IPv4-mapped IPv6 form of its addresses.
 *
 * @param text as it was written, normalised to {@code address/prefix}
 */
public record Cidr(String text) {
    public Cidr {
        Parsed parsed = Parsed.of(text);
        text = parsed.text;
    }

    /** The test, compiled once; safe for many threads. */
    public Range compile() {
        Parsed parsed = Parsed.of(text);
        return new Range(parsed.address, parsed.prefix);
    }

    /** Whether an address can be in both ranges. */
    public boolean meets(Cidr other) {
        // Of two ranges that share an address, one holds the other.
        return compile().contains(Parsed.of(other.text).address)
                || other.compile().contains(Parsed.of(text).address);
    }

    /** A compiled range. */
    public static final class Range {
        private final byte[] network;
        private final int prefix;

        private Range(byte[] network, int prefix) {
            this.network = network;
            this.prefix = prefix;
        }

        /** The network's address, 4 or 16 bytes, whose bits after the prefix mean nothing. */
        public byte[] network() {
            return network.clone();
        }

        /** The length of the prefix in bits. */
        public int prefix() {
            return prefix;
        }

        public boolean contains(InetAddress address) {
            return contains(address.getAddress());
        }

        /** As {@link #contains(InetAddress)}, for an address of 4 or 16 bytes in network order. */
        public boolean contains(byte[] address) {
            int offset = 0;
            if (address.length != network.length) {
                if (network.length != 4 || !isMapped(address)) {
                    return false;
                }
                offset = 12;
            }
            int whole = prefix >> 3;
            for (int i = 0; i < whole; i++) {
                if (address[offset + i] != network[i]) {
                    return false;
                }
            }
            int rest = prefix & 7;
            return rest == 0 || ((address[offset + whole] ^ network[whole]) & 0xff) >>> (8 - rest) == 0;
        }
    }

    static boolean isMapped(byte[] a) {
        if (a.length != 16 || a[10] != -1 || a[11] != -1) {
            return false;
        }
        for (int i = 0; i < 10; i++) {
            if (a[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private static final class Parsed {
        final byte[] address;
        final int prefix;
        final String text;

        private Parsed(byte[] address, int prefix, String text) {
            this.address = address;
            this.prefix = prefix;
            this.text = text;
        }

        static Parsed of(String text) {
            int slash = text.indexOf('/');
            String host = slash < 0 ? text : text.substring(0, slash);
            byte[] address = literal(host, text);
            int prefix = address.length * 8;
            if (slash >= 0) {
                String digits = text.substring(slash + 1);
                if (digits.isEmpty() || digits.length() > 3 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
                    throw bad(text);
                }
                prefix = Integer.parseInt(digits);
                if (prefix > address.length * 8) {
                    throw bad(text);
                }
            }
            return new Parsed(address, prefix, host + '/' + prefix);
        }

        /** Only literals: a name would be looked up, and nothing here does I/O. */
        private static byte[] literal(String host, String text) {
            boolean v6 = host.indexOf(':') >= 0;
            boolean allowed = !host.isEmpty()
                    && host.chars()
                            .allMatch(c -> c >= '0' && c <= '9'
                                    || c == '.'
                                    || v6 && (c == ':' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'));
            if (!allowed || !v6 && !isDottedQuad(host)) {
                throw bad(text);
            }
            try {
                return InetAddress.getByName(host).getAddress();
            } catch (UnknownHostException e) {
                throw bad(text);
            }
        }

        private static boolean isDottedQuad(String host) {
            String[] parts = host.split("\\.", -1);
            return parts.length == 4
                    && Arrays.stream(parts)
                            .allMatch(p -> !p.isEmpty() && p.length() <= 3 && Integer.parseInt(p) <= 255);
        }

        private static IllegalArgumentException bad(String text) {
            return new IllegalArgumentException(
                    "expected an address range such as 10.0.0.0/8 or fd00::/8, got '" + text + "'");
        }
    }
}
