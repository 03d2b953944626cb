package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.AccessLogs;
import dev.mishap.proxy.observe.log.LogFiles;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code upstream_log}: the tries of requests, each by itself.
 *
 * @param onReady whether a try is logged also when it has its connection
 * @param intervalNanos how often it is logged while it lasts; 0 = not at all
 */
record UpstreamLog(AccessLog log, boolean onReady, long intervalNanos) {
    private static final String OPTIONS = "envoy.extensions.filters.http.router.v3.Router.UpstreamAccessLogOptions";

    static final SupportedFields FIELDS = SupportedFields.of(OPTIONS)
            .supported("flush_upstream_log_on_upstream_stream", "upstream_log_flush_interval");

    /** Null when the router has none. */
    static @Nullable UpstreamLog from(ConfigNode router, FilterContext context) {
        List<ConfigNode> logs = router.messages("upstream_log");
        if (logs.isEmpty()) {
            return null;
        }
        ConfigNode options = router.message("upstream_log_options");
        return new UpstreamLog(
                AccessLogs.from(logs, context.service(LogFiles.class), context.runtime()),
                options != null && options.bool("flush_upstream_log_on_upstream_stream", false),
                options == null ? 0 : options.durationNanos("upstream_log_flush_interval", 0));
    }
}
