package dev.mishap.proxy.dns;

import java.net.InetSocketAddress;
import java.util.List;

/**
 * How names are resolved: {@code dns_resolution_config} and the {@code typed_dns_resolver_config}s.
 *
 * @param servers name servers to ask instead of the system's; empty = the system's
 * @param useTcp whether look-ups go by TCP
 * @param noSearchDomain whether the system's search domains are left out
 * @param timeoutMillis of one query, &gt; 0
 * @param tries queries a name and server, &gt; 0
 * @param maxUdpPayload EDNS buffer size announced, 0 = the default
 */
public record DnsOptions(
        List<InetSocketAddress> servers,
        boolean useTcp,
        boolean noSearchDomain,
        long timeoutMillis,
        int tries,
        int maxUdpPayload) {
    public static final DnsOptions DEFAULT = new DnsOptions(List.of(), false, false, 5_000, 4, 0);

    public DnsOptions {
        servers = List.copyOf(servers);
    }
}
