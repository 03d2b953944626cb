package dev.mishap.proxy.dns;

import java.net.InetSocketAddress;
import java.util.List;

/**
 * How names are resolved: {@code dns_resolution_config} and the {@code typed_dns_resolver_config}s.
 *
 * @param servers name servers to ask instead of the system's; empty = the system's
 * @param noSearchDomain whether the system's search domains are left out
 * @param timeoutMillis of one query, &gt; 0; default 5 s
 */
public record DnsOptions(List<InetSocketAddress> servers, boolean noSearchDomain, long timeoutMillis) {
    public static final DnsOptions DEFAULT = new DnsOptions(List.of(), false, 5_000);

    public DnsOptions {
        servers = List.copyOf(servers);
    }
}
