package dev.mishap.proxy.filter.http.csrf;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.List;

/** {@code envoy.filters.http.csrf}. */
public final class CsrfExtension implements HttpFilterExtension {
    private static final String POLICY = "envoy.extensions.filters.http.csrf.v3.CsrfPolicy";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(POLICY).supported("filter_enabled", "shadow_enabled", "additional_origins"));

    @Override
    public String name() {
        return "envoy.filters.http.csrf";
    }

    @Override
    public String typeUrl() {
        return POLICY;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        Scope scope = context.scope().scope("csrf.");
        CsrfFilter.Config parsed = new CsrfFilter.Config(
                filterName,
                CsrfPolicy.from(config),
                RandomSource.seeded(context.randomSeed() ^ 0x63737266L),
                scope.counter("missing_source_origin"),
                scope.counter("request_invalid"),
                scope.counter("request_valid"));
        return () -> new CsrfFilter(parsed);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return CsrfPolicy.from(config);
    }
}
