package dev.mishap.proxy.cluster.health;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.json.JsonWriter;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Changes of health as lines of {@code envoy.data.core.v3.HealthCheckEvent} in JSON. */
final class HealthLog {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final String checker;
    private final String cluster;
    private final List<Consumer<String>> sinks;

    /** @param checker {@code HTTP}, {@code TCP} or {@code GRPC} */
    HealthLog(String checker, String cluster, List<Consumer<String>> sinks) {
        this.checker = checker;
        this.cluster = cluster;
        this.sinks = sinks;
    }

    void healthy(Endpoint e, boolean firstCheck) {
        write(e, "add_healthy_event", Map.of("first_check", firstCheck), true);
    }

    void unhealthy(Endpoint e, Failure why, int status) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("failure_type", why.name());
        details.put("http_status_code", (long) status);
        write(e, "eject_unhealthy_event", details, true);
    }

    void failed(Endpoint e, Failure why, boolean firstCheck, int status) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("failure_type", why.name());
        details.put("first_check", firstCheck);
        details.put("http_status_code", (long) status);
        write(e, "health_check_failure_event", details, false);
    }

    void succeeded(Endpoint e) {
        write(e, "successful_health_check_event", Map.of(), false);
    }

    void degraded(Endpoint e, boolean on) {
        write(e, on ? "degraded_healthy_host" : "no_longer_degraded_host", Map.of(), false);
    }

    /** @param early whether the event comes before the time, which is the order of the message's fields */
    private void write(Endpoint e, String event, Map<String, Object> details, boolean early) {
        if (sinks.isEmpty()) {
            return;
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("health_checker_type", checker);
        line.put("host", Map.of("socket_address", address(e.ip())));
        line.put("cluster_name", cluster);
        if (early) {
            line.put(event, details);
        }
        line.put("timestamp", TIME.format(Instant.now()));
        if (!early) {
            line.put(event, details);
        }
        Map<String, Object> locality = new LinkedHashMap<>();
        locality.put("region", e.locality().region());
        locality.put("zone", e.locality().zone());
        locality.put("sub_zone", e.locality().subZone());
        line.put("locality", locality);
        String text = JsonWriter.compact(line);
        sinks.forEach(sink -> sink.accept(text));
    }

    private static Map<String, Object> address(@Nullable InetSocketAddress ip) {
        Map<String, Object> address = new LinkedHashMap<>();
        address.put("protocol", "TCP");
        address.put("address", ip == null ? "" : NetUtil.toAddressString(ip.getAddress()));
        address.put("port_value", ip == null ? 0L : (long) ip.getPort());
        address.put("resolver_name", "");
        address.put("ipv4_compat", false);
        address.put("network_namespace_filepath", "");
        return address;
    }
}
