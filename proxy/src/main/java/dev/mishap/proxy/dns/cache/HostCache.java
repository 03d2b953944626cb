package dev.mishap.proxy.dns.cache;

import dev.mishap.proxy.dns.Resolver;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The addresses of hosts that requests name, kept while somebody asks for them. Questions are asked and answers taken on the main
 * loop; any loop may look a host up. As long-lived as the process.
 */
public final class HostCache {
    private static final long SECOND = 1_000_000_000L;

    private final HostCacheConfig config;
    private final Resolver resolver;
    private final EventLoop loop;
    private final Map<String, CachedHost> hosts = new ConcurrentHashMap<>();
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();
    private final AtomicLong pending = new AtomicLong();
    private final Counter attempt;
    private final Counter success;
    private final Counter failed;
    private final Counter timeout;
    private final Counter changed;
    private final Counter added;
    private final Counter removed;
    private final Counter overflow;
    private final Counter pendingOverflow;
    private final Gauge numHosts;
    private final Gauge pendingOpen;
    private final Gauge pendingRemaining;

    /** Told, on the main loop, of every host that has an address. */
    public interface Listener {
        /** @param address where {@code host} is from now on, by the first of its addresses; null = it is forgotten */
        void onHost(CachedHost host, @Nullable InetSocketAddress address);
    }

    /** @param root where the stats {@code dns_cache.<name>.} are made */
    public HostCache(HostCacheConfig config, Resolver resolver, EventLoop loop, Scope root) {
        this.config = config;
        this.resolver = resolver;
        this.loop = loop;
        Scope scope = root.scope(config.name().isEmpty() ? "dns_cache." : "dns_cache." + config.name() + ".");
        attempt = scope.counter("dns_query_attempt");
        success = scope.counter("dns_query_success");
        failed = scope.counter("dns_query_failure");
        timeout = scope.counter("dns_query_timeout");
        changed = scope.counter("host_address_changed");
        added = scope.counter("host_added");
        removed = scope.counter("host_removed");
        overflow = scope.counter("host_overflow");
        pendingOverflow = scope.counter("dns_rq_pending_overflow");
        scope.counter("cache_load"); // Envoy has it; nothing is loaded here
        numHosts = scope.gauge("num_hosts");
        pendingOpen = scope.gauge("circuit_breakers.rq_pending_open");
        pendingRemaining = scope.gauge("circuit_breakers.rq_pending_remaining");
        pendingRemaining.add(config.maxPending());
        for (String host : config.preresolve()) {
            loop.execute(() -> begin(host, () -> {}));
        }
    }

    /** How the cache was configured. */
    public HostCacheConfig config() {
        return config;
    }

    /** {@code host} with a port, which is how hosts are known here. */
    public static String key(String host, int defaultPort) {
        int colon = host.lastIndexOf(':');
        boolean hasPort =
                colon > 0 && host.indexOf(']', colon) < 0 && (host.indexOf(':') == colon || host.charAt(0) == '[');
        return hasPort ? host : host + ":" + defaultPort;
    }

    /** The host of that key, which is not forgotten for a while then; or null. */
    public @Nullable CachedHost find(String key) {
        CachedHost host = hosts.get(key);
        if (host != null) {
            host.usedNanos = now();
        }
        return host;
    }

    /** All hosts. */
    public Collection<CachedHost> all() {
        return hosts.values();
    }

    /** Whether another host would be too many, which is counted then. */
    public boolean full() {
        if (hosts.size() < config.maxHosts()) {
            return false;
        }
        overflow.inc();
        return true;
    }

    /** Takes the place of one who waits, if the circuit breaker lets it; {@link #answered} gives it back. */
    public boolean mayWait() {
        long now = pending.incrementAndGet();
        if (now > config.maxPending()) {
            pending.decrementAndGet();
            pendingOverflow.inc();
            return false;
        }
        pendingRemaining.dec();
        if (now == config.maxPending()) {
            pendingOpen.set(1);
        }
        return true;
    }

    /** Who waited does no longer. */
    public void answered() {
        pendingRemaining.inc();
        if (pending.getAndDecrement() == config.maxPending()) {
            pendingOpen.set(0);
        }
    }

    /** Asks for a host that is not known; {@code done} is run on the main loop when there was an answer. */
    public void load(String key, Runnable done) {
        loop.execute(() -> begin(key, done));
    }

    /** Main loop only. */
    public void listen(Listener listener) {
        listeners.add(listener);
    }

    public void unlisten(Listener listener) {
        listeners.remove(listener);
    }

    private void begin(String key, Runnable done) {
        CachedHost host = hosts.get(key);
        if (host == null) {
            int colon = key.lastIndexOf(':');
            String name = key.substring(0, colon);
            boolean brackets = name.startsWith("[") && name.endsWith("]");
            host = new CachedHost(
                    key, brackets ? name.substring(1, name.length() - 1) : name, port(key.substring(colon + 1)), now());
            hosts.put(key, host);
            added.inc();
            numHosts.inc();
            host.waiting.add(done);
            resolve(host);
        } else if (host.answered) {
            done.run();
        } else {
            host.waiting.add(done);
        }
    }

    private static int port(String text) {
        try {
            int port = Integer.parseInt(text);
            return port < 0 || port > 65_535 ? 0 : port;
        } catch (NumberFormatException e) {
            return 0; // no connection will get there
        }
    }

    private long now() {
        return loop.ticker().nanoTime();
    }

    private void resolve(CachedHost host) {
        attempt.inc();
        int question = ++host.question;
        if (config.timeoutNanos() > 0) {
            host.timer = loop.schedule(
                    () -> {
                        timeout.inc();
                        answer(host, question, "resolver_timeout", List.of(), -1);
                    },
                    config.timeoutNanos(),
                    TimeUnit.NANOSECONDS);
        }
        InetAddress literal = NetUtil.createInetAddressFromIpAddressString(host.name);
        if (literal != null) {
            answer(host, question, null, List.of(literal), -1);
            return;
        }
        resolver.resolve(
                host.name,
                config.family(),
                (failure, addresses, ttl) -> answer(
                        host,
                        question,
                        failure == null ? null : "cares_failure:Timeout_while_contacting_DNS_servers",
                        addresses,
                        ttl));
    }

    private void answer(
            CachedHost host, int question, @Nullable String failure, List<InetAddress> addresses, long ttl) {
        if (question != host.question) {
            return; // too late
        }
        host.question++;
        cancel(host);
        (failure == null ? success : failed).inc();
        if (!addresses.isEmpty()) {
            List<InetSocketAddress> all = addresses.stream()
                    .map(a -> new InetSocketAddress(a, host.port))
                    .toList();
            InetSocketAddress to = all.get(0);
            if (!to.equals(host.address()) || !Set.copyOf(all).equals(Set.copyOf(host.addresses))) {
                changed.inc();
                host.addresses = all;
                listeners.forEach(l -> l.onHost(host, to));
            }
        } else {
            host.failure = failure == null ? "cares_norecords:Domain_name_not_found" : failure;
        }
        host.answered = true;
        List<Runnable> told = new ArrayList<>(host.waiting);
        host.waiting.clear();
        told.forEach(Runnable::run);
        host.timer = loop.schedule(() -> again(host), wait(host, addresses, ttl), TimeUnit.NANOSECONDS);
    }

    private long wait(CachedHost host, List<InetAddress> addresses, long ttl) {
        if (!addresses.isEmpty()) {
            host.failureWait = 0;
            return ttl < 0 ? config.refreshNanos() : Math.max(config.minRefreshNanos(), ttl * SECOND);
        }
        long base = config.failureBaseNanos();
        host.failureWait = host.failureWait == 0 ? base : Math.min(config.failureMaxNanos(), host.failureWait * 2);
        return config.failureMaxNanos() > base
                ? ThreadLocalRandom.current().nextLong(host.failureWait) + 1
                : host.failureWait;
    }

    private void again(CachedHost host) {
        if (now() - host.usedNanos < config.hostTtlNanos()) {
            resolve(host);
            return;
        }
        hosts.remove(host.key, host);
        removed.inc();
        numHosts.dec();
        listeners.forEach(l -> l.onHost(host, null));
    }

    private static void cancel(CachedHost host) {
        if (host.timer != null) {
            host.timer.cancel(false);
        }
    }
}
