package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.AddressText;
import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.EndpointGroup;
import dev.mishap.proxy.cluster.EndpointSet;
import dev.mishap.proxy.cluster.EndpointSource;
import dev.mishap.proxy.cluster.LoadAssignment;
import dev.mishap.proxy.cluster.LoadBalancer;
import dev.mishap.proxy.cluster.Locality;
import dev.mishap.proxy.cluster.PickContext;
import dev.mishap.proxy.dns.cache.CachedHost;
import dev.mishap.proxy.dns.cache.HostCache;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The endpoints of a dynamic forward proxy: one for each host of its cache that has an address. Picks are from any loop. */
public final class DynamicForwardSource implements EndpointSource, LoadBalancer, HostCache.Listener {
    private final Cluster cluster;
    private final HostCache cache;
    private final int defaultPort;
    private final Map<String, Endpoint> byHost = new ConcurrentHashMap<>();

    DynamicForwardSource(Cluster cluster, HostCache cache, int defaultPort) {
        this.cluster = cluster;
        this.cache = cache;
        this.defaultPort = defaultPort;
    }

    /** Where the addresses of hosts are. */
    public HostCache cache() {
        return cache;
    }

    /** The port of a host without one. */
    public int defaultPort() {
        return defaultPort;
    }

    @Override
    public void start(Runnable initialized) {
        cache.listen(this);
        for (CachedHost host : cache.all()) {
            InetSocketAddress address = host.address();
            if (address != null) {
                onHost(host, address);
            }
        }
        initialized.run();
    }

    @Override
    public void stop() {
        cache.unlisten(this);
    }

    @Override
    public void onHost(CachedHost host, @Nullable InetSocketAddress address) {
        if (address == null) {
            if (byHost.remove(host.key()) == null) {
                return;
            }
        } else {
            Endpoint known = byHost.get(host.key());
            if (known != null && known.address().equals(address)) {
                known.addresses(List.copyOf(host.addresses()));
                return;
            }
            Endpoint made =
                    new Endpoint(address, host.key(), EndpointConfig.at(AddressText.host(address), address.getPort()));
            made.addresses(List.copyOf(host.addresses()));
            byHost.put(host.key(), made);
        }
        cluster.update(
                List.of(new EndpointGroup(Locality.NONE, 0, 0, List.copyOf(byHost.values()))),
                LoadAssignment.Policy.DEFAULT);
    }

    @Override
    public @Nullable Endpoint pick(EndpointSet endpoints, PickContext context) {
        HeaderMap headers = context.requestHeaders();
        String host = headers == null ? null : headers.get(HeaderName.AUTHORITY);
        if (host == null) {
            return null;
        }
        String key = HostCache.key(host, defaultPort);
        cache.find(key); // it is asked for, and kept
        return byHost.get(key);
    }
}
