package dev.mishap.proxy.filter.listener.localratelimit;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.listener.ListenerFilter;
import dev.mishap.proxy.filter.listener.ListenerFilterExtension;
import dev.mishap.proxy.filter.listener.ListenerFilterFactory;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.SocketContext;
import io.netty.channel.Channel;
import java.util.List;
import java.util.function.Supplier;

/** Reads {@code LocalRateLimit} of listeners: connections over a rate are closed at once. */
public final class ListenerRateLimitExtension implements ListenerFilterExtension {
    private static final String TYPE = "envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit";

    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(TYPE).supported("stat_prefix", "token_bucket", "runtime_enabled"));

    private static final long MIN_FILL_NANOS = 50_000_000;

    @Override
    public String name() {
        return "envoy.filters.listener.local_ratelimit";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public ListenerFilterFactory parse(ConfigNode config, SocketContext context) {
        ConfigNode bucket = config.required("token_bucket");
        long fill = bucket.durationNanos("fill_interval", 0);
        if (fill < MIN_FILL_NANOS) {
            throw new ConfigException("local rate limit token bucket fill timer must be >= 50ms");
        }
        ConnectionBucket tokens = new ConnectionBucket(
                bucket.integer("max_tokens", 0), bucket.integer("tokens_per_fill", 1), fill, System.nanoTime());
        Counter limited = context.root()
                .scope("listener_local_ratelimit." + config.string("stat_prefix") + ".")
                .counter("rate_limited");
        ConfigNode enabled = config.message("runtime_enabled");
        boolean byDefault = true;
        String key = "";
        if (enabled != null) {
            byDefault = enabled.bool("default_value", false);
            key = enabled.string("runtime_key");
        }
        ListenerFilter filter = new Filter(tokens, limited, context.runtime(), key, byDefault);
        return () -> filter;
    }

    private record Filter(
            ConnectionBucket tokens, Counter limited, Supplier<RuntimeSnapshot> runtime, String key, boolean byDefault)
            implements ListenerFilter {
        @Override
        public Status onAccept(Channel channel, ConnectionInfo connection) {
            boolean on = key.isEmpty() ? byDefault : runtime.get().bool(key, byDefault);
            if (!on || tokens.take(System.nanoTime())) {
                return Status.CONTINUE;
            }
            limited.inc();
            return Status.CLOSE;
        }
    }
}
