package dev.mishap.proxy.transport;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.xds.Lifecycle;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Brings secrets by SDS. */
public interface SecretDelivery {
    /**
     * Who waits for a secret.
     *
     * @param life whose start waits for the first answer, and with whose end nobody takes the secret any more
     */
    record Owner(Lifecycle life) {}

    /**
     * Follows a secret.
     *
     * @param source {@code ConfigSource}
     * @param owner who waits, null = nobody
     * @param taker gets each {@code envoy.extensions.transport_sockets.tls.v3.Secret} on the main loop, and throws
     *     {@link dev.mishap.proxy.config.schema.ConfigException} to refuse it
     */
    void subscribe(ConfigNode source, String name, @Nullable Owner owner, Consumer<ConfigNode> taker);
}
