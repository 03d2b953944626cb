package dev.mishap.proxy.admin;

import dev.mishap.proxy.http.ConnectionManagerStats;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Histogram;
import dev.mishap.proxy.observe.stats.Scope;

/** {@code http.admin.*} and {@code listener.admin.*}. */
final class AdminStats {
    private static final String[] AT_ZERO = {
        "downstream_cx_overflow", "downstream_cx_overload_reject", "downstream_cx_transport_socket_connect_timeout",
        "downstream_global_cx_overflow", "downstream_listener_filter_error", "downstream_listener_filter_remote_close",
        "downstream_pre_cx_timeout", "no_filter_chain_match"
    };

    final ConnectionManagerStats http;
    private final Gauge listenerActive;
    private final Gauge mainThreadActive;
    private final Counter listenerTotal;
    private final Counter mainThreadTotal;
    private final Counter listenerDestroy;
    private final Histogram listenerLength;

    AdminStats(Scope root) {
        Scope listener = root.scope("listener.admin.");
        http = ConnectionManagerStats.untraced(root.scope("http.admin."), listener.scope("http.admin."));
        for (String name : AT_ZERO) {
            listener.counter(name);
        }
        listener.gauge("downstream_pre_cx_active").touch();
        listener.histogram("connections_accepted_per_socket_event", Histogram.Unit.UNSPECIFIED);
        listenerActive = listener.gauge("downstream_cx_active");
        mainThreadActive = listener.gauge("main_thread.downstream_cx_active");
        listenerTotal = listener.counter("downstream_cx_total");
        mainThreadTotal = listener.counter("main_thread.downstream_cx_total");
        listenerDestroy = listener.counter("downstream_cx_destroy");
        listenerLength = listener.histogram("downstream_cx_length_ms", Histogram.Unit.MILLISECONDS);
    }

    void opened() {
        http.cxTotal.inc();
        http.cxHttp1Total.inc();
        http.cxActive.inc();
        http.cxHttp1Active.inc();
        listenerTotal.inc();
        mainThreadTotal.inc();
        listenerActive.inc();
        mainThreadActive.inc();
    }

    void closed(boolean byUs, long millis) {
        http.cxDestroy.inc();
        (byUs ? http.cxDestroyLocal : http.cxDestroyRemote).inc();
        http.cxActive.dec();
        http.cxHttp1Active.dec();
        http.cxLengthMs.record(millis);
        listenerDestroy.inc();
        listenerActive.dec();
        mainThreadActive.dec();
        listenerLength.record(millis);
    }
}
