package dev.mishap.proxy.filter.http.grpcstats;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** The stats {@code cluster.<name>.grpc.[<service>.<method>.]*} (or {@code grpc-web.} in the place of {@code grpc.}); each is made when it is first needed, as in Envoy. */
public final class MethodStats {
    /** Methods come from request paths, so those with stats of their own are bounded; the rest share those of their cluster. */
    static final int MAX_METHODS = 4096;
    /** Statuses with counters of their own; there are 17, and a service may say what it likes. */
    static final int MAX_STATUSES = 64;

    private final Scope owner;
    private final Scope scope;
    private volatile @Nullable Counter requestMessages;
    private volatile @Nullable Counter responseMessages;
    private volatile @Nullable Histogram upstreamTime;
    private final ConcurrentMap<String, Counter> others = new ConcurrentHashMap<>();

    private MethodStats(Scope owner, Scope scope) {
        this.owner = owner;
        this.scope = scope;
    }

    void countRequestMessages(int n) {
        Counter counter = requestMessages;
        if (counter == null) {
            counter = scope.counter("request_message_count");
            requestMessages = counter;
        }
        counter.add(n);
    }

    void countResponseMessages(int n) {
        Counter counter = responseMessages;
        if (counter == null) {
            counter = scope.counter("response_message_count");
            responseMessages = counter;
        }
        counter.add(n);
    }

    void recordUpstreamTime(long millis) {
        Histogram histogram = upstreamTime;
        if (histogram == null) {
            histogram = scope.histogram("upstream_rq_time", Histogram.Unit.MILLISECONDS);
            upstreamTime = histogram;
        }
        histogram.record(millis);
    }

    /** {@code <service>.<method>.} of a path of two segments, neither of them empty; null for any other. */
    public static @Nullable String method(String target, boolean replaceDots) {
        int query = target.indexOf('?');
        int end = query < 0 ? target.length() : query;
        int slash = target.indexOf('/', 1);
        if (slash < 2 || slash >= end - 1 || target.charAt(0) != '/' || target.lastIndexOf('/', end - 1) != slash) {
            return null;
        }
        String service = target.substring(1, slash);
        return (replaceDots ? service.replace('.', '_') : service) + "." + target.substring(slash + 1, end) + ".";
    }

    /** Counts the end of a call. */
    public void countStatus(String status) {
        if (others.size() < MAX_STATUSES || others.containsKey(status)) {
            count(status);
        }
        count(status.equals("0") ? "success" : "failure");
        count("total");
    }

    private void count(String name) {
        others.computeIfAbsent(name, scope::counter).inc();
    }

    /** The stats of all clusters and methods. */
    public static final class Registry {
        private final String prefix;
        private final ConcurrentMap<String, MethodStats> known = new ConcurrentHashMap<>();

        /** @param prefix {@code grpc.} or {@code grpc-web.} */
        public Registry(String prefix) {
            this.prefix = prefix;
        }

        /**
         * The stats of a method, or of its cluster when there are too many.
         *
         * @param method {@code <service>.<method>.}, or {@code ""}
         */
        public MethodStats of(Cluster cluster, String method) {
            String shared = cluster.config().statName() + ".";
            String name = shared + method;
            Scope owner = cluster.stats().scope;
            MethodStats stats = known.get(name);
            if (stats != null && stats.owner == owner) {
                return stats;
            }
            boolean own = stats != null || known.size() < MAX_METHODS;
            String made = own ? method : "";
            // The stats go with their cluster: one that replaced it has others.
            return known.compute(
                    own ? name : shared,
                    (k, old) -> old != null && old.owner == owner
                            ? old
                            : new MethodStats(owner, owner.scope(prefix + made)));
        }
    }
}
