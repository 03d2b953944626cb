package dev.mishap.rules;

import dev.mishap.rules.match.Cidr;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sets of rules by ranges that an address is in: for each length of prefix, a table of the networks of that length. IPv4
 * addresses are in their IPv6-mapped form, and all of them are two longs, so that a look-up allocates nothing of its own. Built once, then
 * read by many threads.
 */
final class RangeIndex {
    /** The networks of one length and family, hashed with open addressing, and the rules of each. */
    private static final class Networks {
        final int length;
        final boolean ofIpv6;
        private final long highMask;
        private final long lowMask;
        private long[] keys = new long[8];
        private long[] @Nullable [] rules = new long[4] @Nullable [];
        private int size;

        Networks(int length, boolean ofIpv6) {
            this.length = length;
            this.ofIpv6 = ofIpv6;
            highMask = length == 0 ? 0 : -1L << Math.max(0, 64 - length);
            lowMask = length <= 64 ? 0 : -1L << 128 - length;
        }

        long @Nullable [] find(long high, long low) {
            return rules[slot(high & highMask, low & lowMask)];
        }

        long[] findOrAdd(long high, long low, int words) {
            int at = slot(high & highMask, low & lowMask);
            long[] known = rules[at];
            if (known != null) {
                return known;
            }
            if (++size * 2 > rules.length) {
                grow();
                at = slot(high & highMask, low & lowMask);
            }
            long[] fresh = new long[words];
            put(at, high & highMask, low & lowMask, fresh);
            return fresh;
        }

        private void grow() {
            long[] oldKeys = keys;
            long[] @Nullable [] oldRules = rules;
            keys = new long[oldKeys.length * 2];
            rules = new long[oldRules.length * 2] @Nullable [];
            for (int i = 0; i < oldRules.length; i++) {
                long[] each = oldRules[i];
                if (each != null) {
                    put(slot(oldKeys[2 * i], oldKeys[2 * i + 1]), oldKeys[2 * i], oldKeys[2 * i + 1], each);
                }
            }
        }

        private void put(int at, long high, long low, long[] bits) {
            keys[2 * at] = high;
            keys[2 * at + 1] = low;
            rules[at] = bits;
        }

        /** Where that network is, or else would be. */
        private int slot(long high, long low) {
            long hash = (high * 31 + low) * 0x9e3779b97f4a7c15L;
            int mask = rules.length - 1;
            int at = (int) (hash >>> 32) & mask;
            while (rules[at] != null && (keys[2 * at] != high || keys[2 * at + 1] != low)) {
                at = at + 1 & mask;
            }
            return at;
        }
    }

    private static final long MAPPED = 0xffff_0000_0000L;

    private final int words;
    private Networks[] lengths = {};

    RangeIndex(int words) {
        this.words = words;
    }

    boolean isEmpty() {
        return lengths.length == 0;
    }

    void add(List<Cidr> ranges, int rule) {
        for (Cidr each : ranges) {
            Cidr.Range range = each.compile();
            byte[] network = range.network();
            boolean ofIpv6 = network.length == 16;
            long[] bits = networks(ofIpv6 ? range.prefix() : 96 + range.prefix(), ofIpv6)
                    .findOrAdd(high(network), low(network), words);
            bits[rule >> 6] |= 1L << rule;
        }
    }

    private Networks networks(int length, boolean ofIpv6) {
        for (Networks each : lengths) {
            if (each.length == length && each.ofIpv6 == ofIpv6) {
                return each;
            }
        }
        Networks fresh = new Networks(length, ofIpv6);
        lengths = Arrays.copyOf(lengths, lengths.length + 1);
        lengths[lengths.length - 1] = fresh;
        return fresh;
    }

    /** Adds the rules one of whose ranges holds the address; an absent one is in none. */
    void collect(@Nullable InetAddress address, long[] bits) {
        if (address == null || isEmpty()) {
            return;
        }
        byte[] whole = address.getAddress();
        long high = high(whole);
        long low = low(whole);
        for (Networks each : lengths) {
            // An IPv6 range holds no IPv4 addresses, not even that of all.
            long[] more = each.ofIpv6 && whole.length == 4 ? null : each.find(high, low);
            if (more != null) {
                for (int i = 0; i < bits.length; i++) {
                    bits[i] |= more[i];
                }
            }
        }
    }

    private static long high(byte[] address) {
        return address.length == 4 ? 0 : int32(address, 0) << 32 | int32(address, 4);
    }

    private static long low(byte[] address) {
        return address.length == 4 ? MAPPED | int32(address, 0) : int32(address, 8) << 32 | int32(address, 12);
    }

    private static long int32(byte[] b, int at) {
        return (b[at] & 0xffL) << 24 | (b[at + 1] & 0xff) << 16 | (b[at + 2] & 0xff) << 8 | b[at + 3] & 0xff;
    }
}
