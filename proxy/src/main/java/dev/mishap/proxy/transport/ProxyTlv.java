package dev.mishap.proxy.transport;

import java.util.Arrays;

/** A type, length and value of a PROXY header; the value is not to be changed. */
public record ProxyTlv(int type, byte[] value) {
    @Override
    public boolean equals(Object o) {
        return o instanceof ProxyTlv t && t.type == type && Arrays.equals(t.value, value);
    }

    @Override
    public int hashCode() {
        return 31 * type + Arrays.hashCode(value);
    }
}
