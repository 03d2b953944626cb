package dev.mishap.proxy.filter.http.healthcheck;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.http.DrainState;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.route.match.HeaderMatcher;
import io.netty.buffer.ByteBuf;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Tells probes from other requests, and answers those that it is to answer. */
final class HealthCheckFilter implements HttpFilter {
    private static final HeaderName IMMEDIATE_FAIL = HeaderName.of("x-envoy-immediate-health-check-fail");
    private static final HeaderName CHECKED_CLUSTER = HeaderName.of("x-envoy-upstream-healthchecked-cluster");
    private static final HeaderName DEGRADED = HeaderName.of("x-envoy-degraded");

    private final HealthCheckConfig config;
    private final HealthCheckStats stats;
    private final DrainState drain;
    private final Function<String, @Nullable Cluster> clusters;
    private final @Nullable HealthCheckCache cache;
    private boolean probe;
    private boolean handling;
    private HealthCheckCache.@Nullable Answer cached;

    HealthCheckFilter(
            HealthCheckConfig config,
            HealthCheckStats stats,
            DrainState drain,
            Function<String, @Nullable Cluster> clusters,
            @Nullable HealthCheckCache cache) {
        this.config = config;
        this.stats = stats;
        this.drain = drain;
        this.clusters = clusters;
        this.cache = cache;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (!HeaderMatcher.allMatch(config.headers(), headers)) {
            return Flow.CONTINUE;
        }
        probe = true;
        stream.info().healthCheck = true;
        cached = cache == null ? null : cache.get(stream.nanoTime());
        handling = !config.passThrough() || drain.failHealthChecks() || cached != null;
        if (!handling) {
            return Flow.CONTINUE;
        }
        if (endStream) {
            answer(stream);
        }
        return Flow.HOLD;
    }

    @Override
    public Flow onRequestData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        if (!handling) {
            return Flow.CONTINUE;
        }
        if (endStream) {
            answer(stream);
        }
        return Flow.TAKEN; // and dropped
    }

    @Override
    public Flow onRequestTrailers(HttpStream stream, HeaderMap trailers) {
        if (!handling) {
            return Flow.CONTINUE;
        }
        answer(stream);
        return Flow.PAUSE;
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (probe) {
            if (cache != null) {
                int status = Integer.parseInt(String.valueOf(headers.get(HeaderName.STATUS)));
                cache.put(status, headers.contains(DEGRADED), stream.nanoTime());
            }
            headers.set(CHECKED_CLUSTER, config.nodeCluster());
        }
        if (drain.failHealthChecks()) {
            headers.set(IMMEDIATE_FAIL, "true");
        }
        return Flow.CONTINUE;
    }

    private void answer(HttpStream stream) {
        stats.requestTotal.inc();
        HealthCheckCache.Answer known = cached;
        if (drain.failHealthChecks()) {
            stats.failed.inc();
            reply(stream, 503, "health_check_failed", false);
        } else if (known != null) {
            stats.cachedResponse.inc();
            if (known.degraded()) {
                stats.degraded.inc();
            }
            (known.status() == 200 ? stats.ok : stats.failed).inc();
            reply(stream, known.status(), "health_check_cached", known.degraded());
        } else if (config.clusters().isEmpty()) {
            stats.ok.inc();
            reply(stream, 200, "health_check_ok", false);
        } else {
            String problem = clusterProblem();
            (problem == null ? stats.ok : stats.failed).inc();
            reply(
                    stream,
                    problem == null ? 200 : 503,
                    problem == null ? "health_check_ok_cluster_healthy" : problem,
                    false);
        }
    }

    private @Nullable String clusterProblem() {
        for (Map.Entry<String, Long> e : config.clusters().entrySet()) {
            Cluster cluster = clusters.apply(e.getKey());
            if (cluster == null) {
                stats.failedClusterNotFound.inc();
                return "health_check_failed_no_cluster_found";
            }
            long total = cluster.stats().membershipTotal.value();
            long wanted = e.getValue();
            if (total == 0) {
                if (wanted == 0) {
                    continue;
                }
                stats.failedClusterEmpty.inc();
                return "health_check_failed_cluster_empty";
            }
            if (100 * cluster.stats().membershipHealthy.value() < total * wanted) {
                stats.failedClusterUnhealthy.inc();
                return "health_check_failed_cluster_unhealthy";
            }
        }
        return null;
    }

    private static void reply(HttpStream stream, int status, String details, boolean degraded) {
        if (status < 200 || status >= 300) {
            stream.info().addFlag(ResponseFlag.FAILED_LOCAL_HEALTH_CHECK);
        }
        stream.sendLocalReply(new LocalReply(status, "", details, -1, degraded ? h -> h.set(DEGRADED, "") : null));
    }
}
