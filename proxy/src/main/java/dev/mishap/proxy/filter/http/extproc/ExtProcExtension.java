package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import java.util.List;

/** {@code envoy.filters.http.ext_proc}. */
public final class ExtProcExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = ExtProcConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.ext_proc";
    }

    @Override
    public String typeUrl() {
        return ExtProcConfig.FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return ExtProcConfig.PER_ROUTE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        ExtProcConfig parsed = ExtProcConfig.from(config);
        ExtProcStats stats = new ExtProcStats(context.scope(), parsed.statPrefix());
        AsyncGrpcClient client = context.service(AsyncGrpcClient.class);
        return () -> new ExtProcFilter(filterName, parsed, stats, client);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return ExtProcConfig.PerRoute.from(config);
    }
}
