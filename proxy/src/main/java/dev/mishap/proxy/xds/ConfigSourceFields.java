package dev.mishap.proxy.xds;

import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;

/** What is supported of the messages that say where configuration comes from. */
public final class ConfigSourceFields {
    private static final String CORE = "envoy.config.core.v3.";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(CORE + "ConfigSource")
                    .supported("path", "path_config_source", "initial_fetch_timeout")
                    .accepted("resource_api_version", "there is only V3"),
            SupportedFields.of(CORE + "PathConfigSource").supported("path", "watched_directory"),
            SupportedFields.of(CORE + "WatchedDirectory").supported("path"));

    private ConfigSourceFields() {}
}
