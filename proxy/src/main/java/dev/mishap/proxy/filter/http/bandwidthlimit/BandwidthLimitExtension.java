package dev.mishap.proxy.filter.http.bandwidthlimit;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.StatsStore;
import io.netty.util.concurrent.Ticker;
import java.util.List;

/** {@code envoy.filters.http.bandwidth_limit}. A route's configuration has a rate of its own. */
public final class BandwidthLimitExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = List.of(BandwidthLimitConfig.FIELDS);

    @Override
    public String name() {
        return "envoy.filters.http.bandwidth_limit";
    }

    @Override
    public String typeUrl() {
        return BandwidthLimitConfig.MESSAGE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        BandwidthLimitConfig parsed = config(config, context);
        return () -> new BandwidthLimitFilter(filterName, parsed);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        if (!config.has("limit_kbps")) {
            throw new ConfigException("limit must be set for per route filter config");
        }
        return config(config, context);
    }

    private static BandwidthLimitConfig config(ConfigNode config, FilterContext context) {
        String prefix = config.string("stat_prefix") + ".http_bandwidth_limit.";
        return BandwidthLimitConfig.from(
                config,
                new BandwidthLimitStats(context.service(StatsStore.class).scope(prefix)),
                Ticker.systemTicker().nanoTime());
    }
}
