package dev.mishap.proxy.filter.http.fault;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.rules.KillSwitch;
import dev.mishap.proxy.rules.RuleStore;
import java.util.List;

/** {@code envoy.filters.http.fault}. */
public final class FaultExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = FaultConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.fault";
    }

    @Override
    public String typeUrl() {
        return "envoy.extensions.filters.http.fault.v3.HTTPFault";
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        FaultConfig parsed = FaultConfig.from(config);
        FaultStats stats = new FaultStats(context.scope());
        // The path tells two fault filters of a process apart, which would draw alike otherwise.
        RandomSource random =
                RandomSource.seeded(context.randomSeed() ^ config.path().hashCode() * 0x9e3779b97f4a7c15L);
        KillSwitch kill = context.service(RuleStore.class).killSwitch();
        return () -> new FaultFilter(filterName, parsed, stats, random, kill);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return FaultConfig.from(config);
    }
}
