package dev.mishap.proxy.cluster;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How connections of a cluster are made.
 *
 * @param timeoutNanos {@code connect_timeout}, default 5 s
 * @param bufferLimitBytes {@code per_connection_buffer_limit_bytes}, default 1 MiB; 0 = no limit
 * @param keepalive TCP keep-alive, or null for none
 * @param alpn what TLS offers in the place of what the cluster says (a health check's {@code tls_options}); empty = what the cluster says
 * @param bind {@code upstream_bind_config}; null = the one of the bootstrap, if any
 * @param preconnectRatio {@code preconnect_policy.per_upstream_preconnect_ratio}: connections that HTTP pools open for each request under way or waiting, 1..3; default 1
 * @param order in which the addresses of endpoints that have several are tried
 */
public record ConnectConfig(
        long timeoutNanos,
        int bufferLimitBytes,
        @Nullable KeepaliveConfig keepalive,
        @Nullable BindConfig bind,
        List<String> alpn,
        double preconnectRatio,
        AddressOrder order) {
    public static final ConnectConfig DEFAULT = new ConnectConfig(5_000_000_000L, 1 << 20, null, null);

    public ConnectConfig {
        alpn = List.copyOf(alpn);
    }

    public ConnectConfig(
            long timeoutNanos, int bufferLimitBytes, @Nullable KeepaliveConfig keepalive, @Nullable BindConfig bind) {
        this(timeoutNanos, bufferLimitBytes, keepalive, bind, List.of(), 1, AddressOrder.DEFAULT);
    }

    /** The same with what TLS offers. */
    public ConnectConfig withAlpn(List<String> offered) {
        return new ConnectConfig(timeoutNanos, bufferLimitBytes, keepalive, bind, offered, 1, order);
    }
}
