package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.Counter;
import java.util.List;

/** {@code mishap.filters.http.fault}: the faults that Envoy's filter does not have. */
public final class HttpFaultExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = HttpFaultConfig.FIELDS;

    @Override
    public String name() {
        return "mishap.filters.http.fault";
    }

    @Override
    public String typeUrl() {
        return HttpFaultConfig.MESSAGE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        HttpFaultConfig parsed = HttpFaultConfig.from(config);
        Counter resets = context.scope().counter("mishap_fault.resets_injected");
        RandomSource random =
                RandomSource.seeded(context.randomSeed() ^ config.path().hashCode() * 0x9e3779b97f4a7c15L);
        return () -> new HttpFaultFilter(filterName, parsed, resets, random);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return HttpFaultConfig.from(config);
    }
}
