package dev.mishap.proxy.server;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What /server_info and /config_dump tell of the process: version, flags, node. */
final class ServerInfo {
    /** {@code user_agent_build_version.metadata}. */
    static final Map<String, Object> BUILD =
            Map.of("revision.sha", "mishap-" + Version.mishap(), "build.type", "RELEASE");

    private ServerInfo() {}

    /** All of /server_info but the state. */
    static Map<String, @Nullable Object> of(Options options, Bootstrap.Node node, long startNanos) {
        String uptime = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNanos) + "s";
        Map<String, @Nullable Object> out = new LinkedHashMap<>();
        out.put("version", Version.line());
        out.put("uptime_current_epoch", uptime);
        out.put("uptime_all_epochs", uptime);
        out.put("hot_restart_version", "disabled");
        out.put("command_line_options", flags(options));
        Map<String, Object> shown = node(node);
        shown.put("client_features", List.of());
        shown.put("listening_addresses", List.of());
        shown.put("dynamic_parameters", Map.of());
        out.put("node", shown);
        out.put("hot_restart_initializing", false);
        return out;
    }

    private static Map<String, Object> flags(Options o) {
        Map<String, Object> f = new LinkedHashMap<>();
        f.put("base_id", Long.toString(o.baseId()));
        f.put("concurrency", (long) o.concurrency());
        f.put("config_path", o.configPath());
        f.put("config_yaml", o.configYaml());
        f.put("allow_unknown_static_fields", o.allowUnknownStaticFields());
        f.put("admin_address_path", o.adminAddressPath());
        f.put("local_address_ip_version", o.localAddressIpVersion());
        f.put("log_level", o.log().level());
        List<String> components = new ArrayList<>();
        o.log().componentLevels().forEach((name, level) -> components.add(name + ":" + level));
        f.put("component_log_level", String.join(",", components));
        f.put("log_format", o.log().format());
        f.put("log_path", o.log().path());
        f.put("service_cluster", o.serviceCluster());
        f.put("service_node", o.serviceNode());
        f.put("service_zone", o.serviceZone());
        f.put("file_flush_interval", seconds(o.fileFlushIntervalMillis()));
        f.put("drain_time", o.drainTimeSeconds() + "s");
        f.put("parent_shutdown_time", o.parentShutdownTimeSeconds() + "s");
        f.put("mode", o.validateOnly() ? "Validate" : "Serve");
        f.put("disable_hot_restart", true);
        f.put("restart_epoch", o.restartEpoch());
        f.put("reject_unknown_dynamic_fields", o.rejectUnknownDynamicFields());
        f.put("ignore_unknown_dynamic_fields", o.ignoreUnknownDynamicFields());
        f.put("log_format_escaped", o.log().escape());
        f.put("drain_strategy", o.drainImmediately() ? "Immediate" : "Gradual");
        List<String> tags = new ArrayList<>();
        o.statsTags().forEach((name, value) -> tags.add(name + ":" + value));
        f.put("stats_tag", tags);
        f.put("skip_deprecated_logs", o.skipDeprecatedLogs());
        f.put("file_flush_min_size", o.fileFlushMinSizeKb());
        return f;
    }

    private static String seconds(long millis) {
        return millis % 1000 == 0 ? millis / 1000 + "s" : String.format(Locale.ROOT, "%.3fs", millis / 1000.0);
    }

    /** The node; user_agent_name is Envoy's, which is what control planes look at to know what they speak to. */
    static Map<String, Object> node(Bootstrap.Node node) {
        Map<String, Object> out = new LinkedHashMap<>();
        put(out, "id", node.id());
        put(out, "cluster", node.cluster());
        if (!node.metadata().isEmpty()) {
            out.put("metadata", node.metadata());
        }
        Map<String, Object> locality = new LinkedHashMap<>();
        put(locality, "region", node.region());
        put(locality, "zone", node.zone());
        put(locality, "sub_zone", node.subZone());
        if (!locality.isEmpty()) {
            out.put("locality", locality);
        }
        out.put("user_agent_name", "envoy");
        Map<String, Object> version = new LinkedHashMap<>();
        String[] parts = Version.ENVOY.split("\\.");
        version.put("major_number", Long.valueOf(parts[0]));
        version.put("minor_number", Long.valueOf(parts[1]));
        out.put("user_agent_build_version", Map.of("version", version, "metadata", BUILD));
        return out;
    }

    /** The node as a control plane is told of it, in JSON: with what we have that Envoy has not. */
    static Map<String, Object> discoveringNode(Bootstrap.Node node) {
        Map<String, Object> out = node(node);
        out.put("extensions", OwnExtensions.json());
        return out;
    }

    private static void put(Map<String, Object> out, String name, String value) {
        if (!value.isEmpty()) {
            out.put(name, value);
        }
    }
}
