package dev.mishap.rules;

import dev.mishap.rules.match.Cidr;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A group of endpoints: those to which the proxy's own connections go. A rule that names some acts on the connections upstream. All
 * that is given must hold.
 *
 * @param cidrs ranges that hold the endpoint's address; empty = any
 * @param ports 1 to 65535; empty = any
 * @param localities {@code region}, {@code region/zone} or {@code region/zone/subZone}; empty = any
 * @param labels name and value, each in the endpoint's metadata under {@code envoy.lb}; empty = any
 */
public record Endpoints(List<Cidr> cidrs, List<Integer> ports, List<String> localities, Map<String, String> labels) {
    public static final Endpoints ANY = new Endpoints(List.of(), List.of(), List.of(), Map.of());

    public Endpoints {
        cidrs = List.copyOf(cidrs);
        ports = List.copyOf(ports);
        localities = List.copyOf(localities);
        labels = Collections.unmodifiableMap(new TreeMap<>(labels));
        for (int port : ports) {
            if (port < 1 || port > 65535) {
                throw new IllegalArgumentException("ports must be from 1 to 65535, got " + port);
            }
        }
        for (String locality : localities) {
            String[] parts = locality.split("/", -1);
            boolean named = parts.length <= 3;
            for (String part : parts) {
                named &= !part.isEmpty();
            }
            if (!named) {
                throw new IllegalArgumentException(
                        "localities must be region, region/zone or region/zone/subZone, got '" + locality + "'");
            }
        }
        if (labels.containsKey("")) {
            throw new IllegalArgumentException("labels must have names");
        }
    }
}
