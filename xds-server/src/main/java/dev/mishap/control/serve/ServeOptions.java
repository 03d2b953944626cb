package dev.mishap.control.serve;

import dev.mishap.control.base.Dependency;
import dev.mishap.control.base.FaultFilters;
import dev.mishap.control.security.SecurityConfig;
import dev.mishap.control.store.place.StorePlace;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code mishap serve} is asked for.
 *
 * @param api where people and tools call; port 0 = any free one
 * @param xds where proxies connect to; port 0 = any free one
 * @param polling where proxies poll (REST); port 0 = any free one, null = they cannot
 * @param security of all
 * @param store where rules are kept
 * @param dependencies for the templates; empty = no templates
 * @param configDir of the base configuration's files; null = none
 * @param upstreams control planes to stand before, {@code host:port} each, the first that answers is taken; empty = none
 * @param upstreamSecurity how they are reached
 * @param faultTimeToLive how long faults outlive this server on Envoys
 * @param faultFilters how many fault filters a listener of an Envoy gets, 1 to {@value FaultFilters#MOST_PER_LISTENER}
 */
public record ServeOptions(
        InetSocketAddress api,
        InetSocketAddress xds,
        @Nullable InetSocketAddress polling,
        SecurityConfig security,
        StorePlace store,
        List<Dependency> dependencies,
        @Nullable Path configDir,
        List<String> upstreams,
        UpstreamSecurity upstreamSecurity,
        Duration faultTimeToLive,
        int faultFilters) {
    public ServeOptions {
        dependencies = List.copyOf(dependencies);
        Dependency.requireDistinct(dependencies);
        upstreams = List.copyOf(upstreams);
        int bases = (dependencies.isEmpty() ? 0 : 1) + (configDir == null ? 0 : 1) + (upstreams.isEmpty() ? 0 : 1);
        if (bases > 1) {
            throw new IllegalArgumentException(
                    "--dependency or --config with dependencies, --config-dir and --upstream-xds are three sources of the base"
                            + " configuration; give one");
        }
        if (polling != null && !upstreams.isEmpty()) {
            throw new IllegalArgumentException(
                    "--listen-xds-rest and --upstream-xds do not go together: for each node there is a stream upstream, and a node"
                            + " that polls has none");
        }
        upstreamSecurity.check(upstreams);
        if (faultTimeToLive.compareTo(Duration.ofMillis(500)) < 0
                || faultTimeToLive.compareTo(Duration.ofMinutes(10)) > 0) {
            throw new IllegalArgumentException("--fault-ttl must be from 500ms to 10m");
        }
        if (faultFilters < 1 || faultFilters > FaultFilters.MOST_PER_LISTENER) {
            throw new IllegalArgumentException(
                    "--fault-filters must be from 1 to " + FaultFilters.MOST_PER_LISTENER + ", got " + faultFilters);
        }
    }
}
