package dev.mishap.proxy.cli;

/** Names of log levels and of the components that have one of their own. */
final class LogLevels {
    // Envoy's loggers: a script that sets one of them must go on working.
    private static final String COMPONENTS = " admin alternate_protocols_cache aws assert backtrace basic_auth cache_filter client config"
            + " connection conn_handler compression credential_injector decompression dns dubbo dynamic_modules envoy_bug ext_authz"
            + " ext_proc fault rocketmq file filter filter_state forward_proxy geolocation golang grpc happy_eyeballs hc health_checker"
            + " http http2 hystrix init io jwt kafka key_value_store lua main matcher misc mongo multi_connection oauth2 quic"
            + " quic_stream pool rate_limit_quota rbac redis reverse_tunnel router runtime stats secret tap testing thrift tracing"
            + " upstream udp wasm websocket golang stats_sinks dynamic_forward_proxy mcp ";

    private LogLevels() {}

    /** The level that {@code name} means. */
    static String level(String name) {
        switch (name) {
            case "warn":
                return "warning";
            case "trace", "debug", "info", "warning", "error", "critical", "off":
                return name;
            default:
                throw new CommandLine.UsageException("", "invalid log level specified '" + name + "'");
        }
    }

    static boolean isComponent(String name) {
        return name.indexOf(' ') < 0 && COMPONENTS.contains(" " + name + " ");
    }
}
