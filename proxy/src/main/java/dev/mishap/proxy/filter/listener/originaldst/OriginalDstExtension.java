package dev.mishap.proxy.filter.listener.originaldst;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.listener.ListenerFilterExtension;
import dev.mishap.proxy.filter.listener.ListenerFilterFactory;
import dev.mishap.proxy.transport.SocketContext;
import java.util.List;

/** Reads {@code OriginalDst}, which has no fields. */
public final class OriginalDstExtension implements ListenerFilterExtension {
    public static final String TYPE = "envoy.extensions.filters.listener.original_dst.v3.OriginalDst";

    public static final List<SupportedFields> FIELDS = List.of(SupportedFields.of(TYPE));

    @Override
    public String name() {
        return "envoy.filters.listener.original_dst";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public ListenerFilterFactory parse(ConfigNode config, SocketContext context) {
        return factory();
    }

    /** The filter as {@code Listener.use_original_dst} adds it. */
    public static ListenerFilterFactory factory() {
        OriginalDst filter = new OriginalDst();
        return () -> filter;
    }
}
