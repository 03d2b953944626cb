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
import dev.mishap.proxy.http.HeaderMap;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of an ORIGINAL_DST cluster: made by the first request that goes there, on its own loop, and used at once; the
 * main loop makes them known, and lets go of those that were not used for a while. Picks are from any loop.
 */
final class OriginalDstSource implements EndpointSource, LoadBalancer {
    private final Cluster cluster;
    private final OriginalDst config;
    private final Map<InetSocketAddress, Used> known = new ConcurrentHashMap<>();
    private @Nullable Future<?> cleanup;

    private static final class Used {
        final Endpoint endpoint;
        volatile boolean used = true;

        Used(Endpoint endpoint) {
            this.endpoint = endpoint;
        }
    }

    OriginalDstSource(Cluster cluster, OriginalDst config) {
        this.cluster = cluster;
        this.config = config;
    }

    @Override
    public void start(Runnable initialized) {
        EventLoop loop = cluster.context().loop();
        if (loop != null) {
            cleanup = loop.scheduleWithFixedDelay(
                    this::cleanUp, config.cleanupNanos(), config.cleanupNanos(), TimeUnit.NANOSECONDS);
        }
        initialized.run();
    }

    @Override
    public void stop() {
        Future<?> c = cleanup;
        if (c != null) {
            c.cancel(false);
        }
    }

    private void cleanUp() {
        boolean gone = false;
        for (Map.Entry<InetSocketAddress, Used> e : known.entrySet()) {
            if (e.getValue().used) {
                e.getValue().used = false;
            } else {
                gone |= known.remove(e.getKey(), e.getValue());
            }
        }
        if (gone) {
            publish();
        }
    }

    private void publish() {
        cluster.update(
                java.util.List.of(new EndpointGroup(
                        Locality.NONE,
                        0,
                        0,
                        known.values().stream().map(u -> u.endpoint).toList())),
                LoadAssignment.Policy.DEFAULT);
    }

    @Override
    public @Nullable Endpoint pick(EndpointSet endpoints, PickContext context) {
        InetSocketAddress to = destination(context);
        if (to == null) {
            return null;
        }
        Used u = known.get(to);
        if (u != null) {
            if (!u.used) {
                u.used = true;
            }
            return u.endpoint;
        }
        return add(to);
    }

    private Endpoint add(InetSocketAddress to) {
        String text = AddressText.of(to);
        Endpoint made = new Endpoint(to, cluster.name() + text, EndpointConfig.at(AddressText.host(to), to.getPort()));
        Used mine = new Used(made);
        Used other = known.putIfAbsent(to, mine);
        if (other != null) {
            return other.endpoint;
        }
        EventLoop loop = cluster.context().loop();
        if (loop != null) {
            loop.execute(this::publish);
        }
        return made;
    }

    private @Nullable InetSocketAddress destination(PickContext context) {
        InetSocketAddress to = fromMetadata(context);
        if (to == null) {
            to = fromHeader(context);
        }
        if (to == null) {
            to = context.originalDestination();
        }
        if (to == null || config.portOverride() == 0 || to.getAddress() == null) {
            return to;
        }
        return new InetSocketAddress(to.getAddress(), config.portOverride());
    }

    private @Nullable InetSocketAddress fromHeader(PickContext context) {
        HeaderMap headers = context.requestHeaders();
        return parsed(config.header() == null || headers == null ? null : headers.get(config.header()));
    }

    private @Nullable InetSocketAddress fromMetadata(PickContext context) {
        OriginalDst.MetadataPath path = config.metadata();
        if (path == null) {
            return null;
        }
        InetSocketAddress to = parsed(path.find(context.connectionMetadata(path.namespace())));
        return to != null ? to : parsed(path.find(context.requestMetadata(path.namespace())));
    }

    /** Null when {@code text} is nothing, or is no address, which is counted. */
    private @Nullable InetSocketAddress parsed(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        InetSocketAddress parsed = parse(text);
        if (parsed == null) {
            cluster.stats().originalDstHostInvalid.inc();
        }
        return parsed;
    }

    /** {@code 1.2.3.4:80} or {@code [::1]:80}; else null. */
    static @Nullable InetSocketAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon <= 0) {
            return null;
        }
        String host = text.substring(0, colon);
        boolean brackets = host.startsWith("[") && host.endsWith("]");
        InetAddress ip =
                NetUtil.createInetAddressFromIpAddressString(brackets ? host.substring(1, host.length() - 1) : host);
        if (ip == null || brackets != host.indexOf(':') >= 0) {
            return null;
        }
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            return port < 0 || port > 65_535 ? null : new InetSocketAddress(ip, port);
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
