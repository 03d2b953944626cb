package dev.mishap.proxy.cluster.outlier;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.json.JsonWriter;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Ejections and their ends as lines of {@code envoy.data.cluster.v3.OutlierDetectionEvent} in JSON. */
final class OutlierLog {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final String cluster;
    private final Consumer<String> lines;

    private OutlierLog(String cluster, Consumer<String> lines) {
        this.cluster = cluster;
        this.lines = lines;
    }

    /** The log of a cluster; null when there is none. */
    static @Nullable OutlierLog of(Cluster cluster) {
        Consumer<String> lines = cluster.context().outlierLog();
        return lines == null ? null : new OutlierLog(cluster.name(), lines);
    }

    /** @param rates the endpoint's success rate, the mean of all, and the one below which an endpoint is ejected */
    void eject(HostMonitor m, Ejection why, boolean enforced, long now, double[] rates) {
        Map<String, Object> event = event(m, why.name(), "EJECT", enforced, now);
        Map<String, Object> details = new LinkedHashMap<>();
        if (why.consecutive()) {
            event.put("eject_consecutive_event", details);
        } else if (why.bySuccessRate()) {
            details.put("host_success_rate", (long) rates[0]);
            details.put("cluster_average_success_rate", (long) rates[1]);
            details.put("cluster_success_rate_ejection_threshold", (long) rates[2]);
            event.put("eject_success_rate_event", details);
        } else {
            details.put("host_success_rate", (long) rates[0]);
            event.put("eject_failure_percentage_event", details);
        }
        lines.accept(JsonWriter.compact(event));
    }

    void uneject(HostMonitor m, long now) {
        lines.accept(JsonWriter.compact(event(m, Ejection.CONSECUTIVE_5XX.name(), "UNEJECT", false, now)));
    }

    private Map<String, Object> event(HostMonitor m, String type, String action, boolean enforced, long now) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("type", type);
        event.put("timestamp", TIME.format(Instant.now()));
        if (m.lastActionNanos != 0) {
            event.put("secs_since_last_action", Long.toString(TimeUnit.NANOSECONDS.toSeconds(now - m.lastActionNanos)));
        }
        event.put("cluster_name", cluster);
        event.put("upstream_url", m.endpoint.toString());
        event.put("action", action);
        event.put("num_ejections", m.ejections);
        event.put("enforced", enforced);
        return event;
    }
}
