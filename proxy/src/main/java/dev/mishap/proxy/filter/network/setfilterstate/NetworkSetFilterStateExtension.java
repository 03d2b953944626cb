package dev.mishap.proxy.filter.network.setfilterstate;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.filterstate.FilterStateUpdates;
import dev.mishap.proxy.filter.network.NetworkFilter;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.PassingFilterFactory;
import java.util.List;

/** {@code envoy.filters.network.set_filter_state}: sets filter state of connections when they are new. */
public final class NetworkSetFilterStateExtension implements NetworkFilterExtension {
    private static final String TYPE = "envoy.extensions.filters.network.set_filter_state.v3.Config";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(TYPE).supported("on_new_connection"));

    @Override
    public String name() {
        return "envoy.filters.network.set_filter_state";
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
        FilterStateUpdates updates = FilterStateUpdates.from(config.messages("on_new_connection"));
        NetworkFilter filter = connection -> {
            updates.apply(connection.info());
            return NetworkFilter.Status.DONE;
        };
        return () -> filter;
    }
}
