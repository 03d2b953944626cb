package dev.mishap.proxy.transport;

import java.net.SocketAddress;
import java.util.Objects;

/** {@code EnvoyInternalAddress}: a listener of this process. Its text is Envoy's, {@code envoy://listener/endpoint id}. */
public final class InternalAddress extends SocketAddress {
    private static final long serialVersionUID = 1L;

    /** Where connections to internal listeners come from. */
    public static final InternalAddress CLIENT = new InternalAddress("internal_client_address", "");

    private final String listener;
    private final String endpointId;

    /** @param endpointId tells endpoints apart that are the same listener; {@code ""} = there is none */
    public InternalAddress(String listener, String endpointId) {
        this.listener = listener;
        this.endpointId = endpointId;
    }

    public String listener() {
        return listener;
    }

    public String endpointId() {
        return endpointId;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof InternalAddress o && listener.equals(o.listener) && endpointId.equals(o.endpointId);
    }

    @Override
    public int hashCode() {
        return Objects.hash(listener, endpointId);
    }

    @Override
    public String toString() {
        return "envoy://" + listener + "/" + endpointId;
    }
}
