package dev.mishap.proxy.cluster;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * One upstream host, what is known of its health and what was counted for it. Shared by all loops. Its properties and flags
 * change on the main loop; a loop that picks sees a change of flags when the cluster publishes its endpoints again.
 */
public final class Endpoint {
    private static final String LB = "envoy.lb";

    private final SocketAddress address;
    private final String hostname;
    private final Locality locality;
    private final AtomicInteger flags = new AtomicInteger();
    private volatile EndpointConfig config;
    private volatile boolean canary;
    private volatile @Nullable Cluster cluster;
    private volatile List<SocketAddress> addresses;
    private volatile EndpointMonitor monitor = EndpointMonitor.NONE;
    private volatile @Nullable Runnable immediateFailure;
    /** 0 = the endpoint never became healthy under the eyes of a health check or of a slow start. */
    private volatile long healthySinceNanos;

    /** What its answers say of its load, where a load balancer listens to that; null = nothing yet. */
    public volatile @Nullable ReportedLoad reportedLoad;

    /** Requests on their way: read by LEAST_REQUEST on every pick, hence not an adder. */
    public final AtomicLong rqActive = new AtomicLong();

    public final LongAdder cxActive = new LongAdder();
    public final LongAdder cxConnectFail = new LongAdder();
    public final LongAdder cxTotal = new LongAdder();
    public final LongAdder rqError = new LongAdder();
    public final LongAdder rqPendingActive = new LongAdder();
    public final LongAdder rqSuccess = new LongAdder();
    public final LongAdder rqTimeout = new LongAdder();
    public final LongAdder rqTotal = new LongAdder();

    /** An endpoint at {@code address}, which is resolved, with the properties of {@code config}. */
    public Endpoint(SocketAddress address, String hostname, EndpointConfig config) {
        this.address = address;
        this.addresses = List.of(address);
        this.hostname = hostname;
        this.locality = config.locality();
        this.config = config;
        this.canary = canary(config);
        flags.set(config.health().flags);
    }

    private static boolean canary(EndpointConfig config) {
        return Boolean.TRUE.equals(config.metadata().getOrDefault(LB, Map.of()).get("canary"));
    }

    /** Where connections go: an {@link InetSocketAddress}, or the address of a unix socket. */
    public SocketAddress address() {
        return address;
    }

    /** The address if it is one of IP, else null. */
    public @Nullable InetSocketAddress ip() {
        return address instanceof InetSocketAddress ip ? ip : null;
    }

    /** {@link #address} and those that are tried when it can't be reached, in order ({@code additional_addresses}). */
    public List<SocketAddress> addresses() {
        return addresses;
    }

    /** Sets what {@link #addresses} tells; the first one is {@link #address}. */
    public void addresses(List<SocketAddress> all) {
        addresses = List.copyOf(all);
    }

    /** {@code Endpoint.hostname}, or the DNS name that the address was resolved from; {@code ""} when there is none. */
    public String hostname() {
        return hostname;
    }

    /** The cluster that the endpoint belongs to; null before the endpoint is published. It is not the picking one for an aggregate. */
    public @Nullable Cluster cluster() {
        return cluster;
    }

    void cluster(Cluster of) {
        cluster = of;
    }

    public int weight() {
        return config.weight();
    }

    /** {@code envoy.lb: {canary: true}} of the endpoint's metadata. */
    public boolean canary() {
        return canary;
    }

    public Locality locality() {
        return locality;
    }

    public int priority() {
        return config.priority();
    }

    public Map<String, Map<String, Object>> metadata() {
        return config.metadata();
    }

    /** The metadata of where it is. */
    public Map<String, Map<String, Object>> localityMetadata() {
        return config.localityMetadata();
    }

    /** What the assignment says; health_check_config of it is for health checkers. */
    public EndpointConfig config() {
        return config;
    }

    /** Takes over weight, priority, metadata and assigned health of {@code next}; whether anything is different. Main loop only. */
    public boolean update(EndpointConfig next) {
        EndpointConfig before = config;
        if (before.equals(next)) {
            return false;
        }
        config = next;
        canary = canary(next);
        int assigned = next.health().flags;
        flags.updateAndGet(f -> f & ~HealthFlag.FROM_ASSIGNMENT | assigned);
        return true;
    }

    // ---- health ----

    public boolean has(HealthFlag flag) {
        return (flags.get() & flag.bit()) != 0;
    }

    /** Sets or clears a flag; whether that changed it. Whoever does so has the cluster publish ({@link Cluster#healthChanged}). */
    public boolean set(HealthFlag flag, boolean on) {
        int bit = flag.bit();
        int before = on ? flags.getAndUpdate(f -> f | bit) : flags.getAndUpdate(f -> f & ~bit);
        return (before & bit) != 0 != on;
    }

    /** Neither unhealthy nor degraded, as of now. */
    public boolean healthy() {
        return (flags.get() & (HealthFlag.UNHEALTHY | HealthFlag.DEGRADED)) == 0;
    }

    /** Not unhealthy, but degraded. */
    public boolean degraded() {
        int f = flags.get();
        return (f & HealthFlag.UNHEALTHY) == 0 && (f & HealthFlag.DEGRADED) != 0;
    }

    /** What an assignment says of it, unless checks or outlier detection know better. */
    public HealthStatus status() {
        int f = flags.get();
        if ((f & (HealthFlag.FAILED_ACTIVE_HC.bit() | HealthFlag.FAILED_OUTLIER_CHECK.bit())) != 0) {
            return HealthStatus.UNHEALTHY;
        }
        HealthStatus assigned = config.health();
        boolean good = assigned == HealthStatus.UNKNOWN || assigned == HealthStatus.HEALTHY;
        return good && (f & HealthFlag.DEGRADED_ACTIVE_HC.bit()) != 0 ? HealthStatus.DEGRADED : assigned;
    }

    /** Left out of the numbers that load and panic are judged by: not checked yet, draining, or told us to stay away. */
    public boolean excluded() {
        return (flags.get() & HealthFlag.EXCLUDED) != 0;
    }

    /** As /clusters shows it: {@code healthy}, or the flags, each with a slash before it. */
    public String healthText() {
        return HealthFlag.text(flags.get());
    }

    /** When the endpoint last became healthy, by {@link System#nanoTime}; 0 when nobody saw that. Slow start counts from here. */
    public long healthySinceNanos() {
        return healthySinceNanos;
    }

    public void healthySinceNanos(long when) {
        healthySinceNanos = when == 0 ? 1 : when;
    }

    // ---- who looks after it ----

    /** What is to be told how requests go. */
    public EndpointMonitor monitor() {
        return monitor;
    }

    public void monitor(EndpointMonitor of) {
        monitor = of;
    }

    /** Told that a response said {@code x-envoy-immediate-health-check-fail}; null unless there are active health checks. */
    public @Nullable Runnable immediateFailure() {
        return immediateFailure;
    }

    public void immediateFailure(@Nullable Runnable listener) {
        immediateFailure = listener;
    }

    @Override
    public String toString() {
        return AddressText.of(address);
    }
}
