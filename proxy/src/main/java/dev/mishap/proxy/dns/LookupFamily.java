package dev.mishap.proxy.dns;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** {@code envoy.config.cluster.v3.Cluster.DnsLookupFamily}: which addresses are asked for. */
public enum LookupFamily {
    /** IPv6 addresses, or IPv4 ones when there are none. */
    AUTO,
    V4_ONLY,
    V6_ONLY,
    /** IPv4 addresses, or IPv6 ones when there are none. */
    V4_PREFERRED,
    /** Both. */
    ALL;

    /** Whether IPv4 addresses are asked for. */
    public boolean asksV4() {
        return this != V6_ONLY;
    }

    /** Whether IPv6 addresses are asked for. */
    public boolean asksV6() {
        return this != V4_ONLY;
    }

    /** Those of the addresses that were found which the family wants, in its order. */
    public List<InetAddress> choose(Collection<InetAddress> v4, Collection<InetAddress> v6) {
        return switch (this) {
            case V4_ONLY -> List.copyOf(v4);
            case V6_ONLY -> List.copyOf(v6);
            case AUTO -> List.copyOf(v6.isEmpty() ? v4 : v6);
            case V4_PREFERRED -> List.copyOf(v4.isEmpty() ? v6 : v4);
            case ALL -> {
                List<InetAddress> both = new ArrayList<>(v6);
                both.addAll(v4);
                yield List.copyOf(both);
            }
        };
    }
}
