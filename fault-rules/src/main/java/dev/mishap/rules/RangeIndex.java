package dev.mishap.rules;

import dev.mishap.rules.match.Cidr;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sets of rules by ranges that an address is in: for each length of prefix that there is, a table of the networks of that length. Built once,
 * then read by many threads.
 */
final class RangeIndex {
    private record Network(byte[] bits) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Network n && Arrays.equals(bits, n.bits);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bits);
        }
    }

    private final int words;
    /** By length in bits; of IPv4 addresses in their IPv6-mapped form, that is from 96 on. */
    private final Map<Integer, Map<Network, long[]>> lengths = new HashMap<>();

    private int[] inUse = {};

    RangeIndex(int words) {
        this.words = words;
    }

    boolean isEmpty() {
        return inUse.length == 0;
    }

    void add(List<Cidr> ranges, int rule) {
        for (Cidr each : ranges) {
            Cidr.Range range = each.compile();
            byte[] network = mapped(range.network());
            int length = range.prefix() + (range.network().length == 4 ? 96 : 0);
            if (!lengths.containsKey(length)) {
                inUse = Arrays.copyOf(inUse, inUse.length + 1);
                inUse[inUse.length - 1] = length;
            }
            long[] bits = lengths.computeIfAbsent(length, n -> new HashMap<>())
                    .computeIfAbsent(new Network(masked(network, length)), n -> new long[words]);
            bits[rule >> 6] |= 1L << rule;
        }
    }

    /** Adds the rules one of whose ranges holds the address; an absent one is in none. */
    void collect(@Nullable InetAddress address, long[] bits) {
        if (address == null || isEmpty()) {
            return;
        }
        byte[] whole = mapped(address.getAddress());
        for (int length : inUse) {
            Map<Network, long[]> table = lengths.get(length);
            long[] more = table == null ? null : table.get(new Network(masked(whole, length)));
            if (more != null) {
                for (int i = 0; i < bits.length; i++) {
                    bits[i] |= more[i];
                }
            }
        }
    }

    private static byte[] mapped(byte[] address) {
        if (address.length == 16) {
            return address;
        }
        byte[] mapped = new byte[16];
        mapped[10] = mapped[11] = (byte) 0xff;
        System.arraycopy(address, 0, mapped, 12, 4);
        return mapped;
    }

    private static byte[] masked(byte[] address, int length) {
        byte[] masked = Arrays.copyOf(address, 16);
        for (int bit = length; bit < 128; ) {
            if ((bit & 7) == 0) {
                masked[bit >> 3] = 0;
                bit += 8;
            } else {
                masked[bit >> 3] &= (byte) (0xff << 8 - (bit & 7));
                bit = (bit | 7) + 1;
            }
        }
        return masked;
    }
}
