package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.filter.http.mishap.RulesFilterFactory;
import dev.mishap.proxy.filter.http.mishap.RulesFilterStats;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.rules.RuleStore;
import java.util.List;

/** The filters that every connection manager has without naming them. */
final class ImplicitFilters {
    /** For measuring what they cost: {@code -Dmishap.implicit_filters=off} leaves them out, and with them all rules of requests. */
    private static final boolean OFF = "off".equals(System.getProperty("mishap.implicit_filters"));

    private ImplicitFilters() {}

    /** What comes before those that are configured: the rules of the API. */
    static List<ChainFilter> first(NetworkFilterContext context, List<ChainFilter> configured) {
        if (OFF) {
            return List.of();
        }
        return List.of(new ChainFilter(
                "mishap",
                new RulesFilterFactory(
                        context.service(RuleStore.class),
                        context.service(RulesFilterStats.class),
                        context.listenerName(),
                        request -> {
                            for (int i = 0; i < configured.size(); i++) {
                                if (configured.get(i).factory().isProbe(request)) {
                                    return true;
                                }
                            }
                            return false;
                        }),
                false));
    }
}
