package dev.mishap.proxy.admin;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.mishap.proxy.cluster.CircuitBreakerConfig;
import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.HealthFlag;
import dev.mishap.proxy.cluster.OutlierView;
import dev.mishap.proxy.json.JsonWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** /clusters as text and JSON. */
public final class ClustersRoute {
    private ClustersRoute() {}

    public static AdminRoute of(ClusterManager clusters) {
        return AdminRoute.reads(
                "/clusters",
                "upstream cluster status",
                r -> show(clusters, r),
                "filter: Regular expression (Google re2) for filtering clusters by name");
    }

    private static AdminResponse show(ClusterManager clusters, AdminRequest request) {
        Pattern filter = null;
        String regex = request.parameter("filter");
        if (regex != null) {
            try {
                filter = Pattern.compile(regex);
            } catch (PatternSyntaxException e) {
                return AdminResponse.text(400, "Invalid re2 regex");
            }
        }
        List<ClusterManager.View> shown = new ArrayList<>();
        for (ClusterManager.View v : clusters.views()) {
            if (!v.warming()
                    && (filter == null || filter.matcher(v.cluster().name()).find())) {
                shown.add(v);
            }
        }
        return "json".equals(request.parameter("format")) ? json(shown) : AdminResponse.text(text(shown));
    }

    private static String text(List<ClusterManager.View> clusters) {
        StringBuilder out = new StringBuilder();
        for (ClusterManager.View v : clusters) {
            Cluster c = v.cluster();
            String name = c.name() + "::";
            out.append(name)
                    .append("observability_name::")
                    .append(c.config().statName())
                    .append('\n');
            OutlierView outliers = c.outlierView();
            if (outliers != null) {
                outliers(name + "outlier::", outliers, out);
            }
            limits(name + "default_priority::", c.config().defaultLimits(), out);
            limits(name + "high_priority::", c.config().highLimits(), out);
            out.append(name).append("added_via_api::").append(v.dynamic()).append('\n');
            for (Endpoint e : c.members().all()) {
                endpoint(name + ServerRoutes.AddressText.of(e.address()) + "::", e, out);
            }
        }
        return out.toString();
    }

    private static void outliers(String prefix, OutlierView view, StringBuilder out) {
        out.append(prefix)
                .append("success_rate_average::")
                .append(rate(view.average()))
                .append('\n');
        out.append(prefix)
                .append("success_rate_ejection_threshold::")
                .append(rate(view.threshold()))
                .append('\n');
        out.append(prefix)
                .append("local_origin_success_rate_average::")
                .append(rate(view.localOriginAverage()))
                .append('\n');
        out.append(prefix)
                .append("local_origin_success_rate_ejection_threshold::")
                .append(rate(view.localOriginThreshold()))
                .append('\n');
    }

    /** Whole numbers without decimals, and -1 for none. */
    private static String rate(double percent) {
        return JsonWriter.number(percent);
    }

    private static void limits(String prefix, CircuitBreakerConfig limits, StringBuilder out) {
        out.append(prefix)
                .append("max_connections::")
                .append(limits.maxConnections())
                .append('\n');
        out.append(prefix)
                .append("max_pending_requests::")
                .append(limits.maxPendingRequests())
                .append('\n');
        out.append(prefix).append("max_requests::").append(limits.maxRequests()).append('\n');
        out.append(prefix).append("max_retries::").append(limits.maxRetries()).append('\n');
    }

    private static void endpoint(String prefix, Endpoint e, StringBuilder out) {
        Map<String, Object> lines = new LinkedHashMap<>();
        lines.put("cx_active", e.cxActive.sum());
        lines.put("cx_connect_fail", e.cxConnectFail.sum());
        lines.put("cx_total", e.cxTotal.sum());
        lines.put("rq_active", e.rqActive.get());
        lines.put("rq_error", e.rqError.sum());
        lines.put("rq_pending_active", e.rqPendingActive.sum());
        lines.put("rq_success", e.rqSuccess.sum());
        lines.put("rq_timeout", e.rqTimeout.sum());
        lines.put("rq_total", e.rqTotal.sum());
        lines.put("hostname", e.hostname());
        lines.put("health_flags", e.healthText());
        lines.put("weight", e.weight());
        lines.put("region", e.locality().region());
        lines.put("zone", e.locality().zone());
        lines.put("sub_zone", e.locality().subZone());
        lines.put("canary", e.canary());
        lines.put("priority", e.priority());
        lines.put("success_rate", rate(e.monitor().successRate()));
        lines.put("local_origin_success_rate", rate(e.monitor().localOriginSuccessRate()));
        lines.forEach((name, value) ->
                out.append(prefix).append(name).append("::").append(value).append('\n'));
    }

    private static AdminResponse json(List<ClusterManager.View> clusters) {
        List<Object> all = new ArrayList<>();
        for (ClusterManager.View v : clusters) {
            Cluster c = v.cluster();
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", c.name());
            if (v.dynamic()) {
                one.put("added_via_api", true);
            }
            List<Object> hosts = new ArrayList<>();
            c.members().all().forEach(e -> hosts.add(host(e)));
            if (!hosts.isEmpty()) {
                one.put("host_statuses", hosts);
            }
            one.put(
                    "circuit_breakers",
                    Map.of(
                            "thresholds",
                            List.of(
                                    threshold(c.config().defaultLimits(), null),
                                    threshold(c.config().highLimits(), "HIGH"))));
            one.put("observability_name", c.config().statName());
            all.add(one);
        }
        return AdminResponse.json(JsonWriter.pretty(all.isEmpty() ? Map.of() : Map.of("cluster_statuses", all)) + "\n");
    }

    private static Map<String, Object> threshold(CircuitBreakerConfig limits, @Nullable String priority) {
        Map<String, Object> out = new LinkedHashMap<>();
        if (priority != null) {
            out.put("priority", priority);
        }
        out.put("max_connections", limits.maxConnections());
        out.put("max_pending_requests", limits.maxPendingRequests());
        out.put("max_requests", limits.maxRequests());
        out.put("max_retries", limits.maxRetries());
        return out;
    }

    private static Map<String, Object> host(Endpoint e) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("address", ServerRoutes.AddressText.json(e.address()));
        List<Object> stats = new ArrayList<>();
        stats.add(stat(false, e.cxConnectFail.sum(), "cx_connect_fail"));
        stats.add(stat(false, e.cxTotal.sum(), "cx_total"));
        stats.add(stat(false, e.rqError.sum(), "rq_error"));
        stats.add(stat(false, e.rqSuccess.sum(), "rq_success"));
        stats.add(stat(false, e.rqTimeout.sum(), "rq_timeout"));
        stats.add(stat(false, e.rqTotal.sum(), "rq_total"));
        stats.add(stat(true, e.cxActive.sum(), "cx_active"));
        stats.add(stat(true, e.rqActive.get(), "rq_active"));
        stats.add(stat(true, e.rqPendingActive.sum(), "rq_pending_active"));
        out.put("stats", stats);
        out.put("health_status", health(e));
        out.put("weight", (long) e.weight());
        if (!e.hostname().isEmpty()) {
            out.put("hostname", e.hostname());
        }
        if (e.priority() > 0) {
            out.put("priority", (long) e.priority());
        }
        Map<String, Object> locality = new LinkedHashMap<>();
        put(locality, "region", e.locality().region());
        put(locality, "zone", e.locality().zone());
        put(locality, "sub_zone", e.locality().subZone());
        out.put("locality", locality);
        return out;
    }

    private static Map<String, Object> health(Endpoint e) {
        Map<String, Object> out = new LinkedHashMap<>();
        flag(out, e, HealthFlag.FAILED_ACTIVE_HC, "failed_active_health_check");
        flag(out, e, HealthFlag.FAILED_OUTLIER_CHECK, "failed_outlier_check");
        flag(out, e, HealthFlag.DEGRADED_ACTIVE_HC, "failed_active_degraded_check");
        flag(out, e, HealthFlag.PENDING_DYNAMIC_REMOVAL, "pending_dynamic_removal");
        flag(out, e, HealthFlag.PENDING_ACTIVE_HC, "pending_active_hc");
        flag(out, e, HealthFlag.EXCLUDED_VIA_IMMEDIATE_HC_FAIL, "excluded_via_immediate_hc_fail");
        flag(out, e, HealthFlag.ACTIVE_HC_TIMEOUT, "active_hc_timeout");
        String assigned = "HEALTHY";
        if (e.has(HealthFlag.FAILED_EDS_HEALTH)) {
            assigned = "UNHEALTHY";
        } else if (e.has(HealthFlag.EDS_STATUS_DRAINING)) {
            assigned = "DRAINING";
        } else if (e.has(HealthFlag.DEGRADED_EDS_HEALTH)) {
            assigned = "DEGRADED";
        }
        out.put("eds_health_status", assigned);
        return out;
    }

    private static void flag(Map<String, Object> out, Endpoint e, HealthFlag flag, String name) {
        if (e.has(flag)) {
            out.put(name, true);
        }
    }

    private static void put(Map<String, Object> out, String name, String value) {
        if (!value.isEmpty()) {
            out.put(name, value);
        }
    }

    /** Members with default values are left out, as protobuf's JSON does. */
    private static Map<String, Object> stat(boolean gauge, long value, String name) {
        Map<String, Object> out = new LinkedHashMap<>();
        if (gauge) {
            out.put("type", "GAUGE");
        }
        if (value != 0) {
            out.put("value", Long.toString(value));
        }
        out.put("name", name);
        return out;
    }
}
