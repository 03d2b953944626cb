package dev.mishap.proxy.filter.http.setfilterstate;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.filterstate.FilterStateUpdates;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.setfilterstate.SetFilterStateFilter.Updates;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.List;

/** {@code envoy.filters.http.set_filter_state}. */
public final class SetFilterStateExtension implements HttpFilterExtension {
    private static final String TYPE = "envoy.extensions.filters.http.set_filter_state.v3.Config";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(TYPE).supported("on_request_headers", "clear_route_cache"));

    @Override
    public String name() {
        return "envoy.filters.http.set_filter_state";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        Updates own = updates(config);
        return () -> new SetFilterStateFilter(filterName, own);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return updates(config);
    }

    private static Updates updates(ConfigNode config) {
        return new Updates(
                FilterStateUpdates.from(config.messages("on_request_headers")),
                config.bool("clear_route_cache", false));
    }
}
