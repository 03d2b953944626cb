package dev.mishap.proxy.filter.http.localratelimit;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.stats.StatsStore;
import io.netty.util.concurrent.Ticker;
import java.util.List;

/** {@code envoy.filters.http.local_ratelimit}. A route's configuration has buckets of its own. */
public final class LocalRateLimitExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = LocalRateLimitConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.local_ratelimit";
    }

    @Override
    public String typeUrl() {
        return LocalRateLimitConfig.MESSAGE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        LocalRateLimitConfig parsed = config(config, context);
        RandomSource random =
                RandomSource.seeded(context.randomSeed() ^ config.path().hashCode() * 0x9e3779b97f4a7c15L);
        return () -> new LocalRateLimitFilter(filterName, parsed, random);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        if (config.message("token_bucket") == null) {
            throw new ConfigException("local rate limit token bucket must be set for per filter configs");
        }
        return config(config, context);
    }

    private static LocalRateLimitConfig config(ConfigNode config, FilterContext context) {
        Scope scope = context.service(StatsStore.class).scope(config.string("stat_prefix") + ".http_local_rate_limit.");
        return LocalRateLimitConfig.from(
                config,
                new LocalRateLimitStats(scope),
                context.nodeCluster(),
                Ticker.systemTicker().nanoTime());
    }
}
