package dev.mishap.proxy.server;

import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.transport.internal.InternalListeners;
import java.util.List;

/** What is supported of the messages that {@link BootstrapLoader} reads. */
public final class BootstrapFields {
    private static final String BOOTSTRAP = "envoy.config.bootstrap.v3.";
    private static final String NO_XDSTP =
            "it is for xdstp:// names, which are not supported; name the source where it is used, as in dynamic_resources";
    private static final String NO_WATCHDOG = "there is no watchdog";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(BOOTSTRAP + "Bootstrap")
                    .supported(
                            "node",
                            "static_resources",
                            "dynamic_resources",
                            "admin",
                            "layered_runtime",
                            "stats_config",
                            "stats_flush_interval")
                    .supported("stats_flush_on_admin", "default_regex_engine", "tracing", "stats_sinks")
                    .supported("typed_dns_resolver_config", "dns_resolution_config")
                    .supported("cluster_manager", "overload_manager", "application_log_config", "bootstrap_extensions")
                    .supported("stats_server_version_override")
                    .refused("config_sources", NO_XDSTP)
                    .refused("default_config_source", NO_XDSTP)
                    .accepted("watchdog", NO_WATCHDOG)
                    .accepted("watchdogs", NO_WATCHDOG)
                    .accepted("flags_path", "there are no file-based feature flags")
                    .accepted("inline_headers", "headers are looked up equally fast whatever their names")
                    .accepted("fatal_actions", "a JVM has no fatal-signal actions")
                    .accepted(
                            "deferred_stat_options",
                            "stats always show before they are first used, which in Envoy this delays")
                    .accepted("grpc_async_client_manager_config", "it tunes a cache of gRPC clients")
                    .accepted("memory_allocator_manager", "it tunes tcmalloc"),
            SupportedFields.of(BOOTSTRAP + "ClusterManager")
                    .supported("outlier_detection", "local_cluster_name", "upstream_bind_config", "load_stats_config")
                    .accepted(
                            "enable_deferred_cluster_creation",
                            "a worker makes what it needs of a cluster with the first request for it"),
            SupportedFields.of(BOOTSTRAP + "Bootstrap.ApplicationLogConfig").supported("log_format"),
            SupportedFields.of(BOOTSTRAP + "Bootstrap.ApplicationLogConfig.LogFormat")
                    .supported("text_format"),
            InternalListeners.FIELDS,
            SupportedFields.of(BOOTSTRAP + "ClusterManager.OutlierDetection")
                    .supported("event_log_path")
                    .accepted("event_service", "Envoy reads it and tells nobody, too"),
            SupportedFields.of(BOOTSTRAP + "Bootstrap.StaticResources").supported("listeners", "clusters", "secrets"),
            SupportedFields.of(BOOTSTRAP + "Bootstrap.DynamicResources")
                    .supported("lds_config", "cds_config", "ads_config")
                    .refused("lds_resources_locator", "xdstp:// names are not supported; use lds_config")
                    .refused("cds_resources_locator", "xdstp:// names are not supported; use cds_config"),
            SupportedFields.of("envoy.config.core.v3.Node")
                    .supported("id", "cluster", "metadata", "locality")
                    .accepted("user_agent_name", "the process says itself what it is, as Envoy does")
                    .accepted("user_agent_version", "the process says itself what it is, as Envoy does")
                    .accepted("user_agent_build_version", "the process says itself what it is, as Envoy does")
                    .accepted("extensions", "the process says itself what it has, as Envoy does"),
            SupportedFields.of(BOOTSTRAP + "Admin")
                    .supported("access_log", "access_log_path", "address")
                    .accepted("profile_path", "there is no built-in CPU profiler to write a profile")
                    .accepted("ignore_global_conn_limit", "the admin server is never subject to the connection limit"),
            SupportedFields.of("envoy.extensions.regex_engines.v3.GoogleRE2"));

    private BootstrapFields() {}
}
