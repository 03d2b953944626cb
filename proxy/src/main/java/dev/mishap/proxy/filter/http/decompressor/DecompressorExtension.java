package dev.mishap.proxy.filter.http.decompressor;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import java.util.List;

/** {@code envoy.filters.http.decompressor}. */
public final class DecompressorExtension implements HttpFilterExtension {
    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = DecompressorConfig.FIELDS;

    @Override
    public String name() {
        return "envoy.filters.http.decompressor";
    }

    @Override
    public String typeUrl() {
        return DecompressorConfig.FILTER;
    }

    @Override
    public boolean takesPerRoute(String messageName) {
        return false;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        DecompressorConfig parsed = DecompressorConfig.from(config);
        DecompressorStats stats =
                new DecompressorStats(context.scope().scope("decompressor." + parsed.libraryName() + ".gzip."));
        return () -> new DecompressorFilter(parsed, stats);
    }
}
