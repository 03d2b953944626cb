package dev.mishap.proxy.filter.network.localratelimit;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.SharedTokenBuckets;
import dev.mishap.proxy.filter.common.TokenBucket;
import dev.mishap.proxy.filter.network.NetworkFilter;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.NetworkFilterFactory;
import dev.mishap.proxy.filter.network.PassingFilterFactory;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.route.match.RuntimeFlag;
import io.netty.util.concurrent.Ticker;
import java.util.List;

/** {@code envoy.filters.network.local_ratelimit}. */
public final class NetworkLocalRateLimitExtension implements NetworkFilterExtension {
    private static final String MESSAGE = "envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit";
    private static final long MIN_FILL_NANOS = 50_000_000;

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(MESSAGE).supported("stat_prefix", "token_bucket", "runtime_enabled", "share_key"));

    @Override
    public String name() {
        return "envoy.filters.network.local_ratelimit";
    }

    @Override
    public String typeUrl() {
        return MESSAGE;
    }

    @Override
    public boolean terminal() {
        return false;
    }

    @Override
    public NetworkFilterFactory parse(ConfigNode config, NetworkFilterContext context) {
        RuntimeFlag given = RuntimeFlag.from(config.message("runtime_enabled"));
        RuntimeFlag enabled = given == null ? RuntimeFlag.ON : given;
        TokenBucket bucket = bucket(config, context.service(SharedTokenBuckets.class));
        Counter limited = context.root()
                .scope("local_rate_limit." + config.string("stat_prefix") + ".")
                .counter("rate_limited");
        NetworkFilter filter = connection -> {
            if (enabled.on(context.runtime().get())
                    && !bucket.consume(1, Ticker.systemTicker().nanoTime())) {
                limited.inc();
                connection.info().rateLimited = true;
                connection.closeNow("local_ratelimit_close_over_limit");
                return NetworkFilter.Status.STOP;
            }
            return NetworkFilter.Status.DONE;
        };
        // It keeps nothing of a connection, so that one will do for all.
        return (PassingFilterFactory) () -> filter;
    }

    private static TokenBucket bucket(ConfigNode config, SharedTokenBuckets shared) {
        ConfigNode node = config.required("token_bucket");
        long fill = node.durationNanos("fill_interval", 0);
        if (fill < MIN_FILL_NANOS) {
            throw new ConfigException("local rate limit token bucket fill timer must be >= 50ms");
        }
        long max = node.integer("max_tokens", 0);
        long perFill = node.integer("tokens_per_fill", 1);
        long now = Ticker.systemTicker().nanoTime();
        String key = config.string("share_key");
        return key.isEmpty() ? new TokenBucket(max, perFill, fill, now) : shared.get(key, max, perFill, fill, now);
    }
}
