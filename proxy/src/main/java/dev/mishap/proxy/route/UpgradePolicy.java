package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.Upgrades;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The {@code upgrade_configs} of a route.
 *
 * @param enabled whether an upgrade is allowed, by its type in lower case
 * @param terminatesConnect whether a CONNECT ends here, and what it carries goes to the upstream as bytes
 */
public record UpgradePolicy(Map<String, Boolean> enabled, boolean terminatesConnect) {
    static final UpgradePolicy NONE = new UpgradePolicy(Map.of(), false);

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.route.v3.RouteAction.UpgradeConfig")
                    .supported("upgrade_type", "enabled", "connect_config"),
            SupportedFields.of("envoy.config.route.v3.RouteAction.UpgradeConfig.ConnectConfig"));

    public UpgradePolicy {
        enabled = Map.copyOf(enabled);
    }

    static UpgradePolicy from(ConfigNode route) {
        List<ConfigNode> configs = route.messages("upgrade_configs");
        if (configs.isEmpty()) {
            return NONE;
        }
        Map<String, Boolean> enabled = new HashMap<>();
        boolean connect = false;
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
                connect = true;
            }
        }
        return new UpgradePolicy(enabled, connect);
    }
}
