package dev.mishap.proxy.http;

import java.net.InetAddress;

/** A range of addresses in CIDR form. */
public final class AddressRange {
    private final byte[] prefix;
    private final int bits;

    /** @param bits length of the prefix, 0..32 or 0..128; more is taken as all */
    public AddressRange(InetAddress address, int bits) {
        this.prefix = address.getAddress();
        this.bits = Math.min(bits, prefix.length * 8);
    }

    public boolean contains(InetAddress address) {
        byte[] a = address.getAddress();
        if (a.length != prefix.length) {
            return false;
        }
        int whole = bits / 8;
        for (int i = 0; i < whole; i++) {
            if (a[i] != prefix[i]) {
                return false;
            }
        }
        int rest = bits % 8;
        return rest == 0 || (a[whole] ^ prefix[whole]) >> (8 - rest) == 0;
    }
}
