package dev.mishap.proxy.transport;

import java.util.Arrays;

/** A network: the leading bits of an address. */
public final class Cidr {
    private final byte[] network;
    private final int bits;

    private Cidr(byte[] network, int bits) {
        this.network = network;
        this.bits = bits;
    }

    /** The network of the first {@code bits} of {@code address}; more than it has are all of them. */
    public static Cidr of(byte[] address, int bits) {
        int n = Math.min(bits, address.length * 8);
        byte[] network = address.clone();
        for (int i = 0; i < network.length; i++) {
            int keep = Math.max(0, Math.min(8, n - 8 * i));
            network[i] &= (byte) (0xff00 >> keep);
        }
        return new Cidr(network, n);
    }

    public int bits() {
        return bits;
    }

    public boolean contains(byte[] address) {
        if (address.length != network.length) {
            return false;
        }
        int whole = bits >> 3;
        for (int i = 0; i < whole; i++) {
            if (address[i] != network[i]) {
                return false;
            }
        }
        int rest = bits & 7;
        return rest == 0 || (address[whole] & (byte) (0xff00 >> rest)) == network[whole];
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Cidr c && c.bits == bits && Arrays.equals(c.network, network);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(network) + bits;
    }
}
