package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.listener.ListenerFilterExtension;
import dev.mishap.proxy.filter.listener.ListenerFilterFactory;
import dev.mishap.proxy.filter.listener.httpinspector.HttpInspectorExtension;
import dev.mishap.proxy.filter.listener.localratelimit.ListenerRateLimitExtension;
import dev.mishap.proxy.filter.listener.originaldst.OriginalDstExtension;
import dev.mishap.proxy.filter.listener.originalsrc.OriginalSrcExtension;
import dev.mishap.proxy.filter.listener.proxyprotocol.ProxyProtocolExtension;
import dev.mishap.proxy.filter.listener.tlsinspector.TlsInspectorExtension;
import dev.mishap.proxy.transport.SocketContext;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The listener filters that are built in. To add one, add a line to {@link #ALL}. */
final class ListenerFilters {
    private static final List<ListenerFilterExtension> ALL = List.of(
            new OriginalDstExtension(),
            new TlsInspectorExtension(),
            new HttpInspectorExtension(),
            new ProxyProtocolExtension(),
            new ListenerRateLimitExtension(),
            new OriginalSrcExtension());

    private ListenerFilters() {}

    private static @Nullable ListenerFilterExtension byType(String messageName) {
        for (ListenerFilterExtension extension : ALL) {
            if (extension.typeUrl().equals(messageName)) {
                return extension;
            }
        }
        return null;
    }

    /** Whether {@code listener} names the filter that {@code use_original_dst} would add. */
    static boolean asksOriginalDst(ConfigNode listener) {
        for (ConfigNode f : listener.messages("listener_filters")) {
            ConfigNode config = f.message("typed_config");
            if (config != null && config.messageName().equals(OriginalDstExtension.TYPE)) {
                return true;
            }
        }
        return false;
    }

    static List<ListenerFilterFactory> of(ConfigNode listener, SocketContext context) {
        List<ListenerFilterFactory> filters = new ArrayList<>();
        for (ConfigNode f : listener.messages("listener_filters")) {
            ConfigNode config = f.message("typed_config");
            String type = config == null ? "" : config.messageName();
            ListenerFilterExtension extension = byType(type);
            if (extension == null || config == null) {
                throw new ConfigException("Didn't find a registered implementation for '" + f.string("name")
                        + "' with type URL: '" + type + "'");
            }
            filters.add(FilterDisabled.apply(f.message("filter_disabled"), extension.parse(config, context)));
        }
        return filters;
    }
}
