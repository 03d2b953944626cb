package dev.mishap.proxy.cluster;

import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * {@code UpstreamConnectionOptions.HappyEyeballsConfig}: the order in which the addresses of an endpoint are tried. Families alternate.
 *
 * @param first the family that begins
 * @param firstCount {@code first_address_family_count}: so many of that family come before one of the others, &ge; 1; default 1
 */
public record AddressOrder(Family first, int firstCount) {
    public static final AddressOrder DEFAULT = new AddressOrder(Family.DEFAULT, 1);

    /** {@code HappyEyeballsConfig.first_address_family_version}. */
    public enum Family {
        /** The one of the endpoint's own address. */
        DEFAULT,
        V4,
        V6
    }

    private enum Kind {
        V4,
        V6,
        PIPE
    }

    /** The addresses as they are tried. */
    public List<SocketAddress> of(List<SocketAddress> addresses) {
        Kind begins = switch (first) {
            case V4 -> Kind.V4;
            case V6 -> Kind.V6;
            case DEFAULT -> kind(addresses.get(0));
        };
        Deque<SocketAddress> of = new ArrayDeque<>();
        Deque<SocketAddress> others = new ArrayDeque<>();
        for (SocketAddress a : addresses) {
            (kind(a) == begins ? of : others).add(a);
        }
        List<SocketAddress> order = new ArrayList<>(addresses.size());
        while (order.size() < addresses.size()) {
            for (int i = 0; i < firstCount && !of.isEmpty(); i++) {
                order.add(of.remove());
            }
            if (!others.isEmpty()) {
                order.add(others.remove());
            }
        }
        return order;
    }

    private static Kind kind(SocketAddress address) {
        if (!(address instanceof InetSocketAddress ip)) {
            return Kind.PIPE;
        }
        return ip.getAddress() instanceof Inet6Address ? Kind.V6 : Kind.V4;
    }
}
