package dev.mishap.proxy.filter.network.tcpproxy;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.List;

/** {@code tcp.<stat_prefix>.*}, under Envoy's names. */
final class TcpProxyStats {
    final Counter cxTotal;
    final Counter noRoute;
    final Counter rxBytes;
    final Counter txBytes;
    final Gauge rxBuffered;
    final Counter pausedReading;
    final Counter resumedReading;
    final Counter idleTimeout;
    final Counter maxDuration;

    TcpProxyStats(Scope scope) {
        cxTotal = scope.counter("downstream_cx_total");
        noRoute = scope.counter("downstream_cx_no_route");
        rxBytes = scope.counter("downstream_cx_rx_bytes_total");
        txBytes = scope.counter("downstream_cx_tx_bytes_total");
        rxBuffered = scope.gauge("downstream_cx_rx_bytes_buffered");
        pausedReading = scope.counter("downstream_flow_control_paused_reading_total");
        resumedReading = scope.counter("downstream_flow_control_resumed_reading_total");
        idleTimeout = scope.counter("idle_timeout");
        maxDuration = scope.counter("max_downstream_connection_duration");
        // What can't happen here is shown at 0, as Envoy shows it. Buffers are Netty's, and are not counted.
        for (String name : List.of(
                "downstream_cx_drain_close",
                "downstream_cx_overload_close",
                "early_data_received_count_total",
                "route_delayed_total",
                "upstream_flush_total")) {
            scope.counter(name);
        }
        for (String name : List.of("downstream_cx_tx_bytes_buffered", "upstream_flush_active")) {
            scope.gauge(name);
        }
    }
}
