package dev.mishap.rules;

import dev.mishap.rules.match.Cidr;
import java.util.List;

/**
 * Who sends the request.
 *
 * @param cidrs ranges that hold the downstream address, the one the access log calls
 *     {@code DOWNSTREAM_REMOTE_ADDRESS}; empty = any
 * @param nodes values of {@code x-envoy-downstream-service-node}, as Envoy's {@code downstream_nodes}; empty = any
 */
public record Source(List<Cidr> cidrs, List<String> nodes) {
    public static final Source ANY = new Source(List.of(), List.of());

    public Source {
        cidrs = List.copyOf(cidrs);
        nodes = List.copyOf(nodes);
    }
}
