package dev.mishap.control.api;

import dev.mishap.rules.FaultRule;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the API tells of the nodes that are connected. Safe for many threads; quick. */
public interface FleetView {
    /** Nobody is connected. */
    FleetView EMPTY = new FleetView() {
        @Override
        public List<Node> nodes() {
            return List.of();
        }

        @Override
        public List<Honour> honouring(String namespace, FaultRule rule) {
            return List.of();
        }
    };

    /**
     * A node.
     *
     * @param namespace whose rules it gets
     * @param kind {@code mishap}, {@code envoy}, {@code grpc}
     * @param version of its software; empty when not told
     * @param locality {@code region/zone/sub_zone}
     * @param address where it connects from
     * @param protocols of its streams, such as {@code ADS delta}
     * @param capabilities what it can honour, in words, by what of: {@code faults} → {@code HTTP, connections, DNS}
     */
    record Node(
            String id,
            String cluster,
            String namespace,
            String kind,
            String version,
            String locality,
            String address,
            Instant connected,
            List<String> protocols,
            Map<String, String> capabilities,
            List<TypeState> types) {
        public Node {
            protocols = List.copyOf(protocols);
            types = List.copyOf(types);
        }

        /** The worst of its types: NACKED, SENT, REQUESTED, ACKED. */
        public String state() {
            for (String state : List.of("NACKED", "SENT", "REQUESTED")) {
                if (types.stream().anyMatch(type -> type.state().equals(state))) {
                    return state;
                }
            }
            return "ACKED";
        }
    }

    /**
     * How far a node is with one type of resources.
     *
     * @param state REQUESTED, SENT, ACKED, NACKED
     * @param error what the node said when it refused; null = it did not
     */
    record TypeState(
            String type,
            String state,
            int resources,
            String sentVersion,
            String ackedVersion,
            @Nullable Instant ackedAt,
            @Nullable String error) {}

    /**
     * What becomes of a rule on a node.
     *
     * @param ways how it gets there, in words; empty = not at all
     * @param reasons why it, or a part of it, does not act there
     * @param notes what is to be known though it acts
     */
    record Honour(String node, String cluster, List<String> ways, List<String> reasons, List<String> notes) {
        public Honour {
            ways = List.copyOf(ways);
            reasons = List.copyOf(reasons);
            notes = List.copyOf(notes);
        }

        public boolean honoured() {
            return !ways.isEmpty() && reasons.isEmpty();
        }

        public boolean partly() {
            return !ways.isEmpty() && !reasons.isEmpty();
        }
    }

    /** All of them, by id. */
    List<Node> nodes();

    /** What would become of a rule on each node that it is for; the rule need not exist. */
    List<Honour> honouring(String namespace, FaultRule rule);

    /** The same on the node of that id alone. */
    default List<Honour> honouring(String namespace, FaultRule rule, String node) {
        return honouring(namespace, rule).stream()
                .filter(honour -> honour.node().equals(node))
                .toList();
    }
}
