package dev.mishap.proxy.listener;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.List;

/** The stats of a listener, {@code listener.<address>.*}, under Envoy's names. */
final class ListenerStats {
    final Counter total;
    final Gauge active;
    final Counter destroy;
    final Histogram lengthMs;
    final Histogram acceptedPerEvent;
    final Counter overflow;
    final Counter globalOverflow;
    final Counter overloadReject;
    final Counter noFilterChainMatch;
    final Gauge preActive;
    final Counter preTimeout;
    final Counter filterError;
    final Counter filterRemoteClose;
    final Counter transportSocketConnectTimeout;
    final Counter[] workerTotal;
    final Gauge[] workerActive;

    ListenerStats(Scope scope, int workers) {
        total = scope.counter("downstream_cx_total");
        active = scope.gauge("downstream_cx_active");
        destroy = scope.counter("downstream_cx_destroy");
        lengthMs = scope.histogram("downstream_cx_length_ms", Histogram.Unit.MILLISECONDS);
        acceptedPerEvent = scope.histogram("connections_accepted_per_socket_event", Histogram.Unit.UNSPECIFIED);
        overflow = scope.counter("downstream_cx_overflow");
        globalOverflow = scope.counter("downstream_global_cx_overflow");
        noFilterChainMatch = scope.counter("no_filter_chain_match");
        preActive = scope.gauge("downstream_pre_cx_active");
        preTimeout = scope.counter("downstream_pre_cx_timeout");
        filterError = scope.counter("downstream_listener_filter_error");
        filterRemoteClose = scope.counter("downstream_listener_filter_remote_close");
        transportSocketConnectTimeout = scope.counter("downstream_cx_transport_socket_connect_timeout");
        workerTotal = new Counter[workers];
        workerActive = new Gauge[workers];
        for (int i = 0; i < workers; i++) {
            workerTotal[i] = scope.counter("worker_" + i + ".downstream_cx_total");
            workerActive[i] = scope.gauge("worker_" + i + ".downstream_cx_active");
        }
        overloadReject = scope.counter("downstream_cx_overload_reject");
        // What can't happen here is shown at 0, as Envoy shows it.
        for (String name : List.of("extension_config_missing", "network_extension_config_missing")) {
            scope.counter(name);
        }
    }
}
