package dev.mishap.proxy.cluster.discovery;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointConfig;
import dev.mishap.proxy.cluster.EndpointGroup;
import dev.mishap.proxy.cluster.EndpointSource;
import dev.mishap.proxy.cluster.HealthFlag;
import dev.mishap.proxy.cluster.LoadAssignment;
import dev.mishap.proxy.dns.Resolver;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
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
final class DnsRefresh implements EndpointSource {
    private static final long SECOND = 1_000_000_000L;

    private final Cluster cluster;
    private final DnsConfig dns;
    private final List<Target> targets = new ArrayList<>();
    private Runnable firstAnswer = () -> {};
    private final boolean keepHealthy;
    private boolean answeredOnce;
    private boolean stopped;

    /** One name of the load assignment. */
    private static final class Target {
        final EndpointConfig config;
        final int group;
        /** Endpoints stay the same objects while their address stays, and with them pools and counts. */
        Map<InetSocketAddress, Endpoint> endpoints = new LinkedHashMap<>();

        long failureWait;

        @Nullable
        Future<?> timer;

        Target(EndpointConfig config, int group) {
            this.config = config;
            this.group = group;
        }
    }

    DnsRefresh(Cluster cluster, DnsConfig dns) {
        this.cluster = cluster;
        this.dns = dns;
        this.keepHealthy = !dns.logical()
                && cluster.config().checksHealth()
                && !cluster.config().common().ignoreHealthOnRemoval();
        List<LoadAssignment.Group> groups = dns.assignment().groups();
        for (int i = 0; i < groups.size(); i++) {
            for (EndpointConfig e : groups.get(i).endpoints()) {
                targets.add(new Target(e, i));
            }
        }
    }

    @Override
    public void start(Runnable initialized) {
        if (targets.isEmpty() || !dns.waitForFirst()) {
            initialized.run();
        } else {
            firstAnswer = initialized;
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

    private Resolver resolver() {
        return cluster.context().resolver(dns.resolver(), cluster.name());
    }

    private EventLoop loop() {
        EventLoop loop = cluster.context().loop();
        if (loop == null) {
            throw new IllegalStateException("a cluster that resolves names needs a loop");
        }
        return loop;
    }

    private void resolve(Target t) {
        if (stopped) {
            return;
        }
        cluster.stats().updateAttempt.inc();
        resolver().resolve(t.config.address(), dns.family(), (failure, addresses, ttl) -> {
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
        t.timer = loop().schedule(() -> resolve(t), wait, TimeUnit.NANOSECONDS);
        if (!answeredOnce) {
            // As in Envoy, the cluster is in use when one of its names has had an answer.
            answeredOnce = true;
            firstAnswer.run();
        }
    }

    private void update(Target t, List<InetAddress> addresses) {
        if (addresses.isEmpty()) {
            cluster.stats().updateEmpty.inc();
        }
        Map<InetSocketAddress, Endpoint> next = new LinkedHashMap<>();
        boolean reflagged = false;
        for (InetAddress a : addresses) {
            InetSocketAddress at = new InetSocketAddress(a, t.config.port());
            Endpoint kept = t.endpoints.get(at);
            String hostname = t.config.hostname().isEmpty() ? t.config.address() : t.config.hostname();
            next.put(at, kept == null ? new Endpoint(at, hostname, t.config) : kept);
            if (kept != null) {
                reflagged |= kept.set(HealthFlag.PENDING_DYNAMIC_REMOVAL, false);
            }
            if (dns.logical()) {
                next.get(at).addresses(all(addresses, t.config.port()));
                break;
            }
        }
        if (keepHealthy) {
            reflagged |= keep(t, next);
        }
        if (next.isEmpty() && dns.logical() || next.keySet().equals(t.endpoints.keySet())) {
            cluster.stats().updateNoRebuild.inc();
            if (reflagged) {
                cluster.healthChanged();
            }
            return;
        }
        t.endpoints = next;
        if (!dns.logical()) {
            cluster.stats().maxHostWeight.set(t.config.weight());
        }
        publish();
    }

    private static List<SocketAddress> all(List<InetAddress> addresses, int port) {
        List<SocketAddress> all = new ArrayList<>(addresses.size());
        addresses.forEach(a -> all.add(new InetSocketAddress(a, port)));
        return all;
    }

    /** An address that the name has no more stays while it passes its health checks; whether any flag changed. */
    private static boolean keep(Target t, Map<InetSocketAddress, Endpoint> next) {
        boolean changed = false;
        for (Map.Entry<InetSocketAddress, Endpoint> e : t.endpoints.entrySet()) {
            if (!next.containsKey(e.getKey()) && !e.getValue().has(HealthFlag.FAILED_ACTIVE_HC)) {
                changed |= e.getValue().set(HealthFlag.PENDING_DYNAMIC_REMOVAL, true);
                next.put(e.getKey(), e.getValue());
            }
        }
        return changed;
    }

    private void publish() {
        List<EndpointGroup> groups = new ArrayList<>();
        List<LoadAssignment.Group> configured = dns.assignment().groups();
        for (int i = 0; i < configured.size(); i++) {
            LoadAssignment.Group g = configured.get(i);
            groups.add(new EndpointGroup(g.locality(), g.priority(), g.weight(), of(i)));
        }
        cluster.update(groups, dns.assignment().policy());
    }

    /** What the names of one group resolve to, each address once. */
    private List<Endpoint> of(int group) {
        List<Endpoint> all = new ArrayList<>();
        Set<SocketAddress> seen = new HashSet<>();
        for (Target t : targets) {
            if (t.group == group) {
                for (Endpoint e : t.endpoints.values()) {
                    if (seen.add(e.address())) {
                        all.add(e);
                    }
                }
            }
        }
        return all;
    }
}
