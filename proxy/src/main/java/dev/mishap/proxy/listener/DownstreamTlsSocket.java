package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.tls.Tls;
import dev.mishap.proxy.transport.SecretDelivery;
import dev.mishap.proxy.transport.SocketContext;
import dev.mishap.proxy.transport.TransportContext;
import dev.mishap.proxy.transport.TransportSocketExtension;
import dev.mishap.proxy.transport.TransportSocketFactory;
import dev.mishap.proxy.xds.Lifecycle;

/** The TLS transport socket. Stands here so that no class of TLS loads before a filter chain names it. */
final class DownstreamTlsSocket implements TransportSocketExtension {
    @Override
    public String name() {
        return "envoy.transport_sockets.tls";
    }

    @Override
    public String typeUrl() {
        return "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
    }

    @Override
    public TransportSocketFactory parse(ConfigNode config, SocketContext context) {
        return Tls.of(context.service(TransportContext.class))
                .downstream(
                        config, context.listenerScope(), new SecretDelivery.Owner(context.service(Lifecycle.class)));
    }
}
