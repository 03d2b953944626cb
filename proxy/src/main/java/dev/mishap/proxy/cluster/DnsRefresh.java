package dev.mishap.proxy.cluster;

import dev.mishap.proxy.dns.Resolver;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the endpoints of one STRICT_DNS or LOGICAL_DNS cluster as its names resolve. A failed look-up keeps the addresses of
 * the last good one. Confined to the main loop.
 */
final class DnsRefresh implements Discovery {
    private static final long SECOND = 1_000_000_000L;

    private final Cluster cluster;
    private final DnsConfig dns;
    private final Resolver resolver;
    private final EventLoop loop;
    private final List<Target> targets = new ArrayList<>();
    private int unanswered;
    private boolean stopped;
    private Runnable firstAnswer = () -> {};

    /** One name of the load assignment. */
    private static final class Target {
        final EndpointConfig config;
        /** Endpoints stay the same objects while their address stays, and with them pools and counts. */
        Map<InetSocketAddress, Endpoint> endpoints = new LinkedHashMap<>();

        boolean answered;
        long failureWait;

        @Nullable
        Future<?> timer;

        Target(EndpointConfig config) {
            this.config = config;
        }
    }

    DnsRefresh(Cluster cluster, Resolver resolver, EventLoop loop) {
        this.cluster = cluster;
        this.resolver = resolver;
        this.loop = loop;
        DnsConfig config = cluster.config().dns();
        if (config == null) {
            throw new IllegalArgumentException(cluster.name() + " has no names to resolve");
        }
        this.dns = config;
        for (EndpointConfig e : cluster.config().endpoints()) {
            targets.add(new Target(e));
        }
        unanswered = targets.size();
    }

    @Override
    public void start(Runnable whenAnswered) {
        firstAnswer = whenAnswered;
        if (targets.isEmpty()) {
            firstAnswer.run();
        }
        for (Target t : targets) {
            resolve(t);
        }
    }

    @Override
    public void stop() {
        stopped = true;
        for (Target t : targets) {
            if (t.timer != null) {
                t.timer.cancel(false);
            }
        }
    }

    private void resolve(Target t) {
        if (stopped) {
            return;
        }
        cluster.stats().updateAttempt.inc();
        resolver.resolve(t.config.address(), dns.family(), (failure, addresses, ttl) -> {
            if (!stopped) {
                answered(t, failure, addresses, ttl);
            }
        });
    }

    private void answered(Target t, @Nullable Throwable failure, List<InetAddress> addresses, long ttl) {
        long wait;
        if (failure != null) {
            cluster.stats().updateFailure.inc();
            t.failureWait =
                    t.failureWait == 0 ? dns.failureBaseNanos() : Math.min(dns.failureMaxNanos(), t.failureWait * 2);
            wait = dns.failureMaxNanos() > dns.failureBaseNanos()
                    ? ThreadLocalRandom.current().nextLong(t.failureWait) + 1
                    : t.failureWait;
        } else {
            cluster.stats().updateSuccess.inc();
            t.failureWait = 0;
            update(t, addresses);
            wait = dns.respectTtl() && ttl > 0 ? ttl * SECOND : dns.refreshNanos();
        }
        if (dns.jitterNanos() > 0) {
            wait += ThreadLocalRandom.current().nextLong(dns.jitterNanos());
        }
        t.timer = loop.schedule(() -> resolve(t), wait, TimeUnit.NANOSECONDS);
        if (!t.answered) {
            t.answered = true;
            if (--unanswered == 0) {
                firstAnswer.run();
            }
        }
    }

    private void update(Target t, List<InetAddress> addresses) {
        if (addresses.isEmpty()) {
            cluster.stats().updateEmpty.inc();
        }
        Map<InetSocketAddress, Endpoint> next = new LinkedHashMap<>();
        for (InetAddress a : addresses) {
            InetSocketAddress at = new InetSocketAddress(a, t.config.port());
            Endpoint kept = t.endpoints.get(at);
            String hostname = t.config.hostname().isEmpty() ? t.config.address() : t.config.hostname();
            next.put(at, kept == null ? new Endpoint(at, hostname, t.config) : kept);
            if (dns.firstAddressOnly()) {
                break;
            }
        }
        if (next.isEmpty() && dns.firstAddressOnly() || next.keySet().equals(t.endpoints.keySet())) {
            cluster.stats().updateNoRebuild.inc();
            return;
        }
        t.endpoints = next;
        publish();
    }

    private void publish() {
        List<Endpoint> all = new ArrayList<>();
        Set<InetSocketAddress> seen = new HashSet<>();
        for (Target t : targets) {
            for (Endpoint e : t.endpoints.values()) {
                if (seen.add(e.address())) {
                    all.add(e);
                }
            }
        }
        cluster.publish(new EndpointSet(all));
    }
}
