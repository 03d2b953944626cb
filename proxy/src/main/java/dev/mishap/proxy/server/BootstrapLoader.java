package dev.mishap.proxy.server;

import dev.mishap.proxy.config.PipePaths;
import dev.mishap.proxy.config.schema.ConfigCheck;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.log.Logging;
import io.netty.util.NetUtil;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the bootstrap that the options name: file and inline YAML merged, constraints and supported fields checked. */
public final class BootstrapLoader {
    private static final String BOOTSTRAP = "envoy.config.bootstrap.v3.Bootstrap";
    private static final long DEFAULT_FLUSH_NANOS = 5_000_000_000L;

    private BootstrapLoader() {}

    /**
     * Loads the bootstrap.
     *
     * @throws ConfigException with everything that is wrong in the first stage that fails: reading, constraints, support
     */
    public static Bootstrap load(Options options) {
        if (options.configPath().isEmpty() && options.configYaml().isEmpty()) {
            throw new ConfigException(
                    "At least one of --config-path or --config-yaml or Options::configProto() should be non-empty");
        }
        ConfigReader reader = options.allowUnknownStaticFields() ? ConfigReader.lenient() : ConfigReader.strict();
        ConfigNode config = null;
        if (!options.configPath().isEmpty()) {
            config = reader.file(BOOTSTRAP, path(options.configPath()));
        }
        if (!options.configYaml().isEmpty()) {
            ConfigNode over = reader.yaml(BOOTSTRAP, options.configYaml());
            if (config == null) {
                config = over;
            } else {
                ConfigReader.merge(config, over);
            }
        }
        ConfigNode checked = checked(config);
        List<String> warnings = new ArrayList<>();
        for (String unknown : reader.unknownFields()) {
            warnings.add("Unknown field: " + unknown);
        }
        if (!options.skipDeprecatedLogs()) {
            warnings.addAll(ConfigCheck.deprecated(checked));
        }
        logFormat(checked.message("application_log_config"), options);
        return translate(checked, options, reader.unknownFields().size(), warnings);
    }

    /** The form of the process's own log, which the flag may set, too. */
    private static void logFormat(@Nullable ConfigNode config, Options options) {
        ConfigNode format = config == null ? null : config.message("log_format");
        if (format == null) {
            return;
        }
        if (options.log().formatGiven()) {
            throw new ConfigException(
                    "Only one of ApplicationLogConfig.log_format or CLI option --log-format can be specified.");
        }
        Logging.format(format.string("text_format"), options.log().escape());
    }

    private static Path path(String path) {
        try {
            return Path.of(path);
        } catch (InvalidPathException e) {
            throw new ConfigException("Invalid path: " + path);
        }
    }

    private static ConfigNode checked(@Nullable ConfigNode config) {
        if (config == null) {
            throw new IllegalStateException("no configuration");
        }
        ConfigCheck.constraints(config);
        ConfigCheck.support(config, SupportTable.all());
        return config;
    }

    private static Bootstrap translate(ConfigNode config, Options options, int unknownFields, List<String> warnings) {
        ConfigNode resources = config.message("static_resources");
        ConfigNode regex = config.message("default_regex_engine");
        if (regex != null && regex.message("typed_config") == null) {
            throw regex.error("typed_config", "is required");
        }
        long flush = config.bool("stats_flush_on_admin", false)
                ? 0
                : config.durationNanos("stats_flush_interval", DEFAULT_FLUSH_NANOS);
        return new Bootstrap(
                config,
                node(config.message("node"), options),
                admin(config.message("admin")),
                resources == null ? List.of() : resources.messages("listeners"),
                resources == null ? List.of() : resources.messages("clusters"),
                resources == null ? List.of() : resources.messages("secrets"),
                config.message("layered_runtime"),
                config.message("stats_config"),
                flush,
                unknownFields,
                warnings);
    }

    @SuppressWarnings("unchecked")
    private static Bootstrap.Node node(@Nullable ConfigNode node, Options options) {
        ConfigNode locality = node == null ? null : node.message("locality");
        Object metadata = node == null ? null : node.struct("metadata");
        return new Bootstrap.Node(
                either(options.serviceNode(), node, "id"),
                either(options.serviceCluster(), node, "cluster"),
                either("", locality, "region"),
                either(options.serviceZone(), locality, "zone"),
                either("", locality, "sub_zone"),
                metadata == null ? Map.of() : (Map<String, Object>) metadata);
    }

    private static String either(String flag, @Nullable ConfigNode node, String field) {
        return flag.isEmpty() && node != null ? node.string(field) : flag;
    }

    private static String unixPath(ConfigNode pipe) {
        String path = pipe.string("path");
        PipePaths.check(pipe, "");
        if (path.startsWith("@")) {
            throw pipe.error("path", "is an abstract name, which is not supported: give a path in the file system");
        }
        return path;
    }

    private static Bootstrap.@Nullable AdminConfig admin(@Nullable ConfigNode admin) {
        if (admin == null) {
            return null;
        }
        ConfigNode address = admin.message("address");
        ConfigNode pipe = address == null ? null : address.message("pipe");
        ConfigNode socket = address == null || pipe != null ? null : address.required("socket_address");
        if (socket != null
                && (socket.string("address").startsWith("[")
                        || NetUtil.createByteArrayFromIpAddressString(socket.string("address")) == null)) {
            throw new ConfigException("malformed IP address: " + socket.string("address"));
        }
        return new Bootstrap.AdminConfig(
                pipe == null ? "" : unixPath(pipe),
                pipe == null ? 0 : (int) pipe.integer("mode", 0),
                socket == null ? "" : socket.string("address"),
                socket == null ? 0 : (int) socket.integer("port_value", 0),
                admin.string("access_log_path"),
                admin.messages("access_log"));
    }
}
