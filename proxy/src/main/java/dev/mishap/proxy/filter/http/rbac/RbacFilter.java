package dev.mishap.proxy.filter.http.rbac;

import dev.mishap.proxy.filter.common.matching.RequestFacts;
import dev.mishap.proxy.filter.common.rbac.RbacEngine;
import dev.mishap.proxy.filter.common.rbac.RbacMetadata;
import dev.mishap.proxy.filter.common.rbac.RbacStats;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import java.net.SocketAddress;

/**
 * Decides on a request's headers, first for the shadow, then in earnest; on the way upstream, when it is known who will get the request
 * and before there is a connection to it.
 */
final class RbacFilter implements HttpFilter {
    private static final String NAMESPACE = "envoy.filters.http.rbac";
    private static final String UPSTREAM_NAMESPACE = "envoy.filters.http.upstream_rbac";

    private final String name;
    private final RbacConfig filterConfig;
    private final RbacStats stats;
    private final boolean upstream;

    RbacFilter(String name, RbacConfig config, RbacStats stats, boolean upstream) {
        this.upstream = upstream;
        this.name = name;
        this.filterConfig = config;
        this.stats = stats;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        return upstream ? Flow.CONTINUE : decide(stream, new RequestFacts(stream), NAMESPACE);
    }

    @Override
    public Flow onUpstreamHost(HttpStream stream, SocketAddress host) {
        return decide(stream, new RequestFacts(stream, host), UPSTREAM_NAMESPACE);
    }

    private Flow decide(HttpStream stream, RequestFacts facts, String namespace) {
        RbacConfig config = stream.perFilterConfig(name) instanceof RbacConfig perRoute ? perRoute : filterConfig;
        if (config.rules() == null && config.shadow() == null) {
            return Flow.CONTINUE;
        }
        RbacEngine.Decision shadow = null;
        if (config.shadow() != null) {
            shadow = config.shadow().decide(facts);
            stats.countShadow(shadow, config.perPolicyStats());
        }
        RbacEngine.Decision enforced = null;
        if (config.rules() != null) {
            enforced = config.rules().decide(facts);
            stats.count(enforced, config.perPolicyStats());
            if (enforced.logHint() != null) {
                stream.info().putDynamicMetadata(RbacMetadata.COMMON, RbacMetadata.logHint(enforced.logHint()));
            }
        }
        stream.info()
                .putDynamicMetadata(
                        namespace,
                        RbacMetadata.fields(
                                enforced,
                                shadow,
                                or(config.rulesPrefix(), filterConfig.rulesPrefix()),
                                or(config.shadowPrefix(), filterConfig.shadowPrefix())));
        if (enforced == null || enforced.allowed()) {
            return Flow.CONTINUE;
        }
        stream.sendLocalReply(LocalReply.of(403, "RBAC: access denied", RbacMetadata.details(enforced.policy())));
        return Flow.PAUSE;
    }

    private static String or(String ofRoute, String ofFilter) {
        return ofRoute.isEmpty() ? ofFilter : ofRoute;
    }
}
