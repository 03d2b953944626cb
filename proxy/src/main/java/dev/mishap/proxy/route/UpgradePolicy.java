package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.Upgrades;
import dev.mishap.proxy.transport.proxyprotocol.ProxyHeaderWriter;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The {@code upgrade_configs} of a route.
 *
 * @param enabled whether an upgrade is allowed, by its type in lower case
 * @param connect how a CONNECT ends here, so that what it carries goes to the upstream as bytes; null when it goes on as it is
 */
public record UpgradePolicy(
        Map<String, Boolean> enabled, @Nullable Connect connect) {
    static final UpgradePolicy NONE = new UpgradePolicy(Map.of(), null);

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.route.v3.RouteAction.UpgradeConfig")
                    .supported("upgrade_type", "enabled", "connect_config"),
            SupportedFields.of("envoy.config.route.v3.RouteAction.UpgradeConfig.ConnectConfig")
                    .supported("proxy_protocol_config", "allow_post"));

    /**
     * {@code connect_config}.
     *
     * @param header told to the upstream before what the request carries, or null for none
     * @param allowPost whether the body of a POST is sent the same way
     */
    public record Connect(@Nullable ProxyHeaderWriter header, boolean allowPost) {
        static Connect from(ConfigNode node) {
            return new Connect(
                    node.has("proxy_protocol_config")
                            ? ProxyHeaderWriter.from(node.message("proxy_protocol_config"))
                            : null,
                    node.bool("allow_post", false));
        }
    }

    public UpgradePolicy {
        enabled = Map.copyOf(enabled);
    }

    static UpgradePolicy from(ConfigNode route) {
        List<ConfigNode> configs = route.messages("upgrade_configs");
        if (configs.isEmpty()) {
            return NONE;
        }
        Map<String, Boolean> enabled = new HashMap<>();
        Connect connect = null;
        for (ConfigNode config : configs) {
            String type = config.string("upgrade_type").toLowerCase(Locale.ROOT);
            if (enabled.put(type, config.bool("enabled", true)) != null) {
                throw new ConfigException("Duplicate upgrade " + config.string("upgrade_type"));
            }
            if (config.has("connect_config")) {
                if (!type.equals(Upgrades.CONNECT)) {
                    throw new ConfigException(
                            "Non-CONNECT upgrade type " + config.string("upgrade_type") + " has ConnectConfig");
                }
                connect = Connect.from(config.required("connect_config"));
            }
        }
        return new UpgradePolicy(enabled, connect);
    }
}
