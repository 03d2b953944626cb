package dev.mishap.proxy.filter.listener.tlsinspector;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.listener.ListenerFilterExtension;
import dev.mishap.proxy.filter.listener.ListenerFilterFactory;
import dev.mishap.proxy.transport.SocketContext;
import java.util.List;

/** Reads {@code TlsInspector}. */
public final class TlsInspectorExtension implements ListenerFilterExtension {
    private static final String TYPE = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";

    public static final List<SupportedFields> FIELDS = List.of(SupportedFields.of(TYPE)
            .supported("enable_ja3_fingerprinting")
            .accepted("initial_read_buffer_size", "bytes are read as they come, into a buffer that grows"));

    @Override
    public String name() {
        return "envoy.filters.listener.tls_inspector";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public ListenerFilterFactory parse(ConfigNode config, SocketContext context) {
        TlsInspectorStats stats = new TlsInspectorStats(context.root().scope("tls_inspector."));
        boolean ja3 = config.bool("enable_ja3_fingerprinting", false);
        return () -> new TlsInspector(stats, ja3);
    }
}
