package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.UpstreamFilterChains;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.upstream.Upstreams;
import java.util.List;

/** The router filter, which ends every chain. */
public final class RouterExtension implements HttpFilterExtension {
    private static final String TYPE = "envoy.extensions.filters.http.router.v3.Router";

    /** What we make of the router's configuration. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(TYPE)
                    .supported("dynamic_stats", "suppress_envoy_headers", "strict_check_headers")
                    .supported("respect_expected_rq_timeout", "suppress_grpc_request_failure_code_stats")
                    .supported("start_child_span", "upstream_http_filters", "upstream_log", "upstream_log_options"),
            UpstreamLog.FIELDS);

    @Override
    public String name() {
        return "envoy.filters.http.router";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public boolean terminal() {
        return true;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        List<ConfigNode> upstream = config.messages("upstream_http_filters");
        RouterConfig router = new RouterConfig(
                context.service(ClusterManager.class),
                context.service(Upstreams.class),
                context.service(StatsStore.class),
                new RouterStats(context.scope()),
                config.bool("dynamic_stats", true),
                config.bool("suppress_envoy_headers", false),
                config.bool("respect_expected_rq_timeout", false),
                config.bool("suppress_grpc_request_failure_code_stats", false),
                config.bool("start_child_span", false),
                config.strings("strict_check_headers").stream()
                        .map(HeaderName::of)
                        .toList(),
                upstream.isEmpty()
                        ? List.of()
                        : context.service(UpstreamFilterChains.class).parse(upstream, "router upstream http", context),
                UpstreamLog.from(config, context));
        return () -> new RouterFilter(router);
    }
}
