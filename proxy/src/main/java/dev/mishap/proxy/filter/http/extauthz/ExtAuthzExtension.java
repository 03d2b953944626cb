package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.AsyncHttpClient;
import dev.mishap.proxy.upstream.client.GrpcService;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/** {@code envoy.filters.http.ext_authz}. */
public final class ExtAuthzExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = ExtAuthzConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.ext_authz";
    }

    @Override
    public String typeUrl() {
        return ExtAuthzConfig.FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return ExtAuthzConfig.PER_ROUTE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        ExtAuthzConfig parsed = ExtAuthzConfig.from(config);
        ExtAuthzStats stats = new ExtAuthzStats(context.scope(), context.service(ClusterManager.class)::get, parsed);
        RandomSource random =
                RandomSource.seeded(context.randomSeed() ^ config.path().hashCode() * 0x9e3779b97f4a7c15L);
        Supplier<Check> checks = checks(parsed, context);
        return () -> new ExtAuthzFilter(filterName, parsed, stats, checks, random);
    }

    private static Supplier<Check> checks(ExtAuthzConfig config, FilterContext context) {
        ExtAuthzConfig.Service http = config.http();
        if (http != null) {
            AsyncHttpClient client = context.service(AsyncHttpClient.class);
            return () -> new HttpCheck(config, http, client);
        }
        AsyncGrpcClient client = context.service(AsyncGrpcClient.class);
        GrpcService service = Objects.requireNonNull(config.grpc());
        return () -> new GrpcCheck(config, service, client);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return ExtAuthzConfig.PerRoute.from(config);
    }
}
