package dev.mishap.proxy.filter.http.statefulsession;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.statefulsession.StatefulSessionFilter.Settings;
import dev.mishap.proxy.filter.http.statefulsession.StatefulSessionFilter.Stats;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.stats.StatsStore;
import java.util.ArrayList;
import java.util.List;

/** {@code envoy.filters.http.stateful_session}. */
public final class StatefulSessionExtension implements HttpFilterExtension {
    private static final String PACKAGE = "envoy.extensions.filters.http.stateful_session.v3.";
    private static final String FILTER = PACKAGE + "StatefulSession";
    private static final String PER_ROUTE = PACKAGE + "StatefulSessionPerRoute";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = fields();

    private static List<SupportedFields> fields() {
        List<SupportedFields> all = new ArrayList<>(List.of(
                SupportedFields.of(FILTER)
                        .supported("session_state", "strict", "stat_prefix", "status_on_strict_destination_not_found"),
                SupportedFields.of(PER_ROUTE).supported("disabled", "stateful_session")));
        all.addAll(SessionState.FIELDS);
        return List.copyOf(all);
    }

    @Override
    public String name() {
        return "envoy.filters.http.stateful_session";
    }

    @Override
    public String typeUrl() {
        return FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return PER_ROUTE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        Settings settings = settings(config, context.scope());
        return () -> new StatefulSessionFilter(filterName, settings);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        ConfigNode own = config.message("stateful_session");
        return own == null
                ? Settings.OFF
                : settings(own, context.service(StatsStore.class).scope(""));
    }

    private static Settings settings(ConfigNode config, Scope scope) {
        ConfigNode state = config.message("session_state");
        String prefix = config.string("stat_prefix");
        return new Settings(
                state == null ? null : SessionState.from(state),
                config.bool("strict", false),
                (int) config.integer("status_on_strict_destination_not_found", 0),
                prefix.isEmpty() ? null : new Stats(scope.scope("stateful_session." + prefix + '.')));
    }
}
