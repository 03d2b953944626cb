package dev.mishap.proxy.dns;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * How names are resolved: {@code dns_resolution_config} and the {@code typed_dns_resolver_config}s.
 *
 * @param servers name servers to ask instead of the system's; empty = the system's
 * @param noSearchDomain whether the system's search domains are left out
 * @param timeoutMillis of one query, &gt; 0; default 5 s
 * @param onlyFallback whether {@code servers} are asked only where the system has none
 * @param tries how often the servers are asked, &gt; 0; default once
 * @param rotate whether each question begins with another server
 */
public record DnsOptions(
        List<InetSocketAddress> servers,
        boolean noSearchDomain,
        long timeoutMillis,
        boolean onlyFallback,
        int tries,
        boolean rotate) {
    public static final DnsOptions DEFAULT = new DnsOptions(List.of(), false, 5_000, false, 1, false);

    public DnsOptions {
        servers = List.copyOf(servers);
    }

    /** The system's resolver, where it is asked for; {@link #DEFAULT} is for where nobody says anything. */
    public static DnsOptions system() {
        return new DnsOptions(List.of(), false, 5_000, false, 1, false);
    }

    /** Whether anybody said how names are resolved. */
    public boolean isGiven() {
        return this != DEFAULT;
    }

    /** The servers to ask in their order, each as often as it is to be asked; empty = the system's, once each. */
    List<InetSocketAddress> asked(List<InetSocketAddress> ofSystem) {
        boolean own = !servers.isEmpty() && (!onlyFallback || ofSystem.isEmpty());
        if (!own && tries == 1 && !rotate) {
            return List.of();
        }
        List<InetSocketAddress> once = own ? servers : ofSystem;
        List<InetSocketAddress> all = new ArrayList<>();
        for (int i = 0; i < tries; i++) {
            all.addAll(once);
        }
        return all;
    }
}
