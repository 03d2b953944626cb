package dev.mishap.proxy.route;

import dev.mishap.proxy.route.match.HeaderMatcher;
import java.util.List;

/**
 * A named part of a virtual host's requests, for stats.
 *
 * @param name what %VIRTUAL_CLUSTER_NAME% tells
 * @param statPrefix {@code vhost.<virtual host>.vcluster.<name>.}
 * @param headers all must match; empty for the rest, {@code other}
 */
public record VirtualCluster(String name, String statPrefix, List<HeaderMatcher> headers) {}
