package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.upstream.client.AsyncHttpClient;
import dev.mishap.proxy.xds.Lifecycle;
import io.netty.channel.EventLoop;
import java.util.List;

/** {@code envoy.filters.http.jwt_authn}. */
public final class JwtAuthnExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = JwtAuthnConfig.FIELDS;

    /** What a route says: the name of a requirement, {@code ""} when the filter is off. */
    record PerRoute(String requirement) {}

    @Override
    public String name() {
        return "envoy.filters.http.jwt_authn";
    }

    @Override
    public String typeUrl() {
        return JwtAuthnConfig.FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return JwtAuthnConfig.PER_ROUTE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        String prefix = config.string("stat_prefix");
        Scope scope = context.scope().scope("jwt_authn." + (prefix.isEmpty() ? "" : prefix + "."));
        JwtAuthnStats stats = new JwtAuthnStats(scope);
        JwtAuthnConfig parsed = JwtAuthnConfig.from(config, (provider, remote) -> {
            RemoteKeys keys = RemoteKeys.from(provider, remote, stats, context.service(AsyncHttpClient.class)::send);
            keys.start(context.service(EventLoop.class), context.service(Lifecycle.class));
            return keys;
        });
        RandomSource random = RandomSource.seeded(context.randomSeed() ^ 0x6a7774L);
        return () -> new JwtAuthnFilter(filterName, parsed, stats, random);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return new PerRoute(config.string("requirement_name"));
    }
}
