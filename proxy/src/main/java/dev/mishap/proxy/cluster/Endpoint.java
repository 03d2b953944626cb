package dev.mishap.proxy.cluster;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** One upstream host and what was counted for it. Shared by all loops; what changes are counters only. */
public final class Endpoint {
    private final InetSocketAddress address;
    private final String hostname;
    private final int weight;
    private final boolean healthy;
    private final boolean canary;
    private final Locality locality;
    private final int priority;
    private final Map<String, Map<String, Object>> metadata;

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
    public Endpoint(InetSocketAddress address, String hostname, EndpointConfig config) {
        this.address = address;
        this.hostname = hostname;
        this.weight = config.weight();
        this.healthy = config.healthy();
        this.locality = config.locality();
        this.priority = config.priority();
        this.metadata = config.metadata();
        this.canary = Boolean.TRUE.equals(
                config.metadata().getOrDefault("envoy.lb", Map.of()).get("canary"));
    }

    public InetSocketAddress address() {
        return address;
    }

    /** {@code Endpoint.hostname}, or the DNS name that the address was resolved from; {@code ""} when there is none. */
    public String hostname() {
        return hostname;
    }

    public int weight() {
        return weight;
    }

    public boolean healthy() {
        return healthy;
    }

    /** {@code envoy.lb: {canary: true}} of the endpoint's metadata. */
    public boolean canary() {
        return canary;
    }

    public Locality locality() {
        return locality;
    }

    public int priority() {
        return priority;
    }

    public Map<String, Map<String, Object>> metadata() {
        return metadata;
    }

    @Override
    public String toString() {
        return address.toString();
    }
}
