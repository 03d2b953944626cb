package dev.mishap.proxy.listener;

import dev.mishap.proxy.transport.Cidr;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Values by network; the longest that holds an address wins. */
final class Networks<T> {
    private record Entry<T>(Cidr network, T value) {}

    private final List<Entry<T>> longestFirst = new ArrayList<>();
    private @Nullable T any;

    /** The values of {@code networks}, or that of any address when there are none; made where they are missing. */
    List<T> of(List<Cidr> networks, Supplier<T> maker) {
        List<T> values = new ArrayList<>();
        if (networks.isEmpty()) {
            T value = any;
            if (value == null) {
                value = maker.get();
                any = value;
            }
            values.add(value);
        }
        for (Cidr network : networks) {
            values.add(of(network, maker));
        }
        return values;
    }

    private T of(Cidr network, Supplier<T> maker) {
        int at = 0;
        for (Entry<T> e : longestFirst) {
            if (e.network.equals(network)) {
                return e.value;
            }
            if (e.network.bits() >= network.bits()) {
                at++;
            }
        }
        T value = maker.get();
        longestFirst.add(at, new Entry<>(network, value));
        return value;
    }

    /** The value for {@code address}, or null; without an address that of any. */
    @Nullable
    T find(@Nullable InetAddress address) {
        if (address != null && !longestFirst.isEmpty()) {
            byte[] bytes = address.getAddress();
            for (Entry<T> e : longestFirst) {
                if (e.network.contains(bytes)) {
                    return e.value;
                }
            }
        }
        return any;
    }
}
