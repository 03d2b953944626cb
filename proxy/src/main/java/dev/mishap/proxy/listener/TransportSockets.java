package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.transport.SocketContext;
import dev.mishap.proxy.transport.TransportSocketExtension;
import dev.mishap.proxy.transport.TransportSocketFactory;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The downstream transport sockets that are built in. To add one, add a line to {@link #ALL}. */
final class TransportSockets {
    private static final String RAW_BUFFER = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.core.v3.TransportSocket").supported("name", "typed_config"),
            SupportedFields.of(RAW_BUFFER));

    private static final List<TransportSocketExtension> ALL =
            List.of(new DownstreamTlsSocket(), new TransportSocketExtension() {
                @Override
                public String name() {
                    return "envoy.transport_sockets.raw_buffer";
                }

                @Override
                public String typeUrl() {
                    return RAW_BUFFER;
                }

                @Override
                public TransportSocketFactory parse(ConfigNode config, SocketContext context) {
                    return TransportSocketFactory.RAW_BUFFER;
                }
            });

    private TransportSockets() {}

    /** The socket of {@code FilterChain.transport_socket}; plain bytes when there is none. */
    static TransportSocketFactory of(@Nullable ConfigNode node, SocketContext context) {
        if (node == null) {
            return TransportSocketFactory.RAW_BUFFER;
        }
        ConfigNode config = node.message("typed_config");
        String type = config == null ? "" : config.messageName();
        if (config != null) {
            for (TransportSocketExtension extension : ALL) {
                if (extension.typeUrl().equals(type)) {
                    return extension.parse(config, context);
                }
            }
        }
        throw new ConfigException("Didn't find a registered implementation for '" + node.string("name")
                + "' with type URL: '" + type + "'");
    }
}
