package dev.mishap.proxy.filter.common.matching;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.OwnAddress;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.transport.ConnectionInfo;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The inputs of a matcher that chooses the filter chain of a connection: all of {@link Input} but those of requests, and some more. */
public final class ConnectionInput {
    /** The messages that inputs are read from, beside those of {@link Input}. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(Input.Names.NETWORK + "SourceTypeInput"),
            SupportedFields.of(Input.Names.NETWORK + "TransportProtocolInput"),
            SupportedFields.of(Input.Names.NETWORK + "ApplicationProtocolInput"),
            SupportedFields.of(Input.Names.NETWORK + "NetworkNamespaceInput"));

    private ConnectionInput() {}

    /** The input that a TypedExtensionConfig names. */
    public static Input from(ConfigNode extension) {
        ConfigNode config = extension.required("typed_config");
        String type = config.messageName();
        if (!type.startsWith(Input.Names.NETWORK) && !type.startsWith(Input.Names.SSL)
                || type.endsWith(".DynamicMetadataInput")) {
            throw new ConfigException("Didn't find a registered implementation for '" + extension.string("name")
                    + "' with type URL: '" + type + "'");
        }
        return switch (type.substring(type.lastIndexOf('.') + 1)) {
            case "SourceTypeInput" -> of(c -> isLocal(c) ? "local" : null);
            case "TransportProtocolInput" -> of(ConnectionInfo::transportProtocol);
            case "ApplicationProtocolInput" -> of(ConnectionInput::protocols);
            // The process is in one, and its listeners name none.
            case "NetworkNamespaceInput" -> facts -> null;
            default -> Input.from(extension, false, "");
        };
    }

    private static Input of(Function<ConnectionInfo, @Nullable String> what) {
        return facts -> {
            ConnectionInfo connection = facts.connection();
            return connection == null ? null : what.apply(connection);
        };
    }

    private static boolean isLocal(ConnectionInfo c) {
        InetAddress remote = ip(c.remoteAddress);
        return remote == null || OwnAddress.isLoopback(remote) || remote.equals(ip(c.localAddress));
    }

    private static @Nullable InetAddress ip(@Nullable InetSocketAddress address) {
        return address == null ? null : address.getAddress();
    }

    /** Each in quotes. */
    private static @Nullable String protocols(ConnectionInfo c) {
        return c.applicationProtocols.isEmpty()
                ? null
                : WireText.encode("'" + String.join("','", c.applicationProtocols) + "'");
    }
}
