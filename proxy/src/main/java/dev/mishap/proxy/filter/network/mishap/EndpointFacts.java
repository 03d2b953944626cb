package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.rules.UpstreamView;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What rules see of one of the proxy's own connections. */
record EndpointFacts(String cluster, Endpoint endpoint, SocketAddress at) implements UpstreamView {
    private static final String LB = "envoy.lb";

    @Override
    public @Nullable InetAddress address() {
        return at instanceof InetSocketAddress ip ? ip.getAddress() : null;
    }

    @Override
    public int port() {
        return at instanceof InetSocketAddress ip ? ip.getPort() : 0;
    }

    @Override
    public String region() {
        return endpoint.locality().region();
    }

    @Override
    public String zone() {
        return endpoint.locality().zone();
    }

    @Override
    public String subZone() {
        return endpoint.locality().subZone();
    }

    /** Numbers as they are written: a Struct has only doubles, and 2 is not 2.0 to who wrote it. */
    @Override
    public @Nullable String label(String name) {
        Map<String, Object> labels = endpoint.metadata().get(LB);
        Object value = labels == null ? null : labels.get(name);
        return value instanceof Double d
                ? BigDecimal.valueOf(d).stripTrailingZeros().toPlainString()
                : value == null ? null : String.valueOf(value);
    }
}
