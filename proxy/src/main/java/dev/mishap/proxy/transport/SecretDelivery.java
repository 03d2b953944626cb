package dev.mishap.proxy.transport;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.xds.InitManager;
import java.util.function.Consumer;

/** Brings secrets by SDS. */
public interface SecretDelivery {
    /**
     * Who waits for a secret.
     *
     * @param scope where the subscription counts, for example {@code listener.127.0.0.1_443.server_ssl_socket_factory.}
     * @param init what waits for the first answer
     */
    record Owner(Scope scope, InitManager init) {}

    /**
     * Follows a secret.
     *
     * @param source {@code ConfigSource}
     * @param taker gets each {@code envoy.extensions.transport_sockets.tls.v3.Secret} on the main loop, and throws
     *     {@link dev.mishap.proxy.config.schema.ConfigException} to refuse it
     */
    void subscribe(ConfigNode source, String name, Owner owner, Consumer<ConfigNode> taker);
}
