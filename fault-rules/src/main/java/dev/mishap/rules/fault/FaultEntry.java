package dev.mishap.rules.fault;

import java.util.List;

/**
 * What is to be known of one fault.
 *
 * @param name as in a rule file; an action of DNS is {@code dns.delay} and so on
 * @param wire what happens on the wire
 * @param seen what a client sees of it
 * @param example a rule on one line
 */
public record FaultEntry(
        String name, Fault.Kind kind, String wire, String seen, List<FaultField> fields, String example) {
    public FaultEntry {
        fields = List.copyOf(fields);
    }

    /** What a rule's scope can speak of. */
    public String scope() {
        return switch (kind.plane()) {
            case REQUEST ->
                "listeners, clusters, routes, methods, path, headers, source (cidrs, nodes), cohort (trace id, header, cookie, address)";
            case CONNECTION ->
                kind == Fault.Kind.PARTITION
                        ? FaultCatalog.UPSTREAM_SCOPE
                        : FaultCatalog.hasUpstreamSide(kind)
                                ? FaultCatalog.CONNECTION_SCOPE + "; upstream: " + FaultCatalog.UPSTREAM_SCOPE
                                : FaultCatalog.CONNECTION_SCOPE;
            case DNS ->
                "question (name, types), listeners, source.cidrs, cohort (address); of the proxy's own questions: clusters";
        };
    }
}
