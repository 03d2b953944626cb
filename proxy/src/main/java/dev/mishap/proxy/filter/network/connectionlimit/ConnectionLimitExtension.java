package dev.mishap.proxy.filter.network.connectionlimit;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.PassingFilterFactory;
import java.util.List;

/** Reads {@code ConnectionLimit}. */
public final class ConnectionLimitExtension implements NetworkFilterExtension {
    private static final String TYPE = "envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit";

    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(TYPE).supported("stat_prefix", "max_connections", "delay", "runtime_enabled"));

    @Override
    public String name() {
        return "envoy.filters.network.connection_limit";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public boolean terminal() {
        return false;
    }

    @Override
    public PassingFilterFactory parse(ConfigNode config, NetworkFilterContext context) {
        ConnectionLimit.Shared shared = ConnectionLimit.Shared.from(config, context);
        return () -> new ConnectionLimit(shared);
    }
}
