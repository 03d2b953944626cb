package dev.mishap.control.serve;

import dev.mishap.control.api.FleetView;
import dev.mishap.control.base.NodeKind;
import dev.mishap.control.compile.ActiveRule;
import dev.mishap.control.compile.FleetFaults;
import dev.mishap.control.compile.Honouring;
import dev.mishap.control.compile.NodeCapabilities;
import dev.mishap.control.compile.Way;
import dev.mishap.control.xds.ConnectedStream;
import dev.mishap.control.xds.Fleet;
import dev.mishap.control.xds.NodeInfo;
import dev.mishap.control.xds.TypeStatus;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.fault.Fault;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What the API tells of the fleet: the streams of the xDS server, and what its nodes can do. */
final class FleetFacts implements FleetView {
    private final FleetFaults faults;
    private final InstantSource clock;
    private final Fleet fleet;

    FleetFacts(FleetFaults faults, Fleet fleet, InstantSource clock) {
        this.faults = faults;
        this.fleet = fleet;
        this.clock = clock;
    }

    @Override
    public List<Node> nodes() {
        Map<NodeInfo, List<ConnectedStream>> streams = new LinkedHashMap<>();
        fleet.streams()
                .forEach(stream -> streams.computeIfAbsent(stream.node(), n -> new ArrayList<>())
                        .add(stream));
        return streams.entrySet().stream()
                .map(entry -> node(entry.getKey(), entry.getValue()))
                .sorted(Comparator.comparing(Node::id))
                .toList();
    }

    private Node node(NodeInfo info, List<ConnectedStream> streams) {
        NodeCapabilities capabilities = faults.capabilities(info);
        Instant since = streams.stream()
                .map(ConnectedStream::since)
                .min(Comparator.naturalOrder())
                .orElse(Instant.EPOCH);
        return new Node(
                info.id(),
                info.cluster(),
                NodeCapabilities.namespace(info),
                capabilities.kind().name().toLowerCase(Locale.ROOT),
                capabilities.version(),
                info.region() + '/' + info.zone() + '/' + info.subZone(),
                streams.get(0).peer().host(),
                since,
                streams.stream().map(FleetFacts::protocol).distinct().sorted().toList(),
                describe(capabilities),
                streams.stream()
                        .flatMap(stream -> stream.types().stream())
                        .map(FleetFacts::type)
                        .toList());
    }

    private static String protocol(ConnectedStream stream) {
        return stream.polls()
                ? "REST"
                : (stream.aggregated() ? "ADS" : "one type") + (stream.delta() ? " delta" : " SotW");
    }

    private static Map<String, String> describe(NodeCapabilities capabilities) {
        Map<String, String> words = new TreeMap<>();
        words.put(
                "faults",
                capabilities.faults().stream().sorted().map(Fault.Kind::field).collect(Collectors.joining(", ")));
        words.put(
                "deadManSwitch",
                capabilities.polls()
                        ? capabilities.kind() == NodeKind.MISHAP
                                ? "ttl of the rules that have one; none for others: the node polls"
                                : "none: the node polls"
                        : switch (capabilities.kind()) {
                            case GRPC -> "none: a client keeps its last routes";
                            case MISHAP -> "time to live of the rules";
                            case ENVOY ->
                                capabilities.runtimeLayer().isEmpty()
                                        ? "time to live of fault filters"
                                                + (capabilities.enablesFilters()
                                                        ? ""
                                                        : "; none for faults of routes (no runtime layer)")
                                        : "time to live of fault filters and of the runtime layer "
                                                + capabilities.runtimeLayer();
                        });
        return words;
    }

    private static TypeState type(TypeStatus status) {
        TypeStatus.Nack nack = status.nack();
        return new TypeState(
                status.typeUrl(),
                status.state().name(),
                status.resources(),
                status.sentVersion(),
                status.ackedVersion(),
                status.ackedAt(),
                nack == null ? null : nack.message());
    }

    @Override
    public List<Honour> honouring(String namespace, FaultRule rule) {
        return honours(faults.honouring(asked(namespace, rule)));
    }

    @Override
    public List<Honour> honouring(String namespace, FaultRule rule, String node) {
        return honours(faults.honouring(asked(namespace, rule), node));
    }

    private ActiveRule asked(String namespace, FaultRule rule) {
        ActiveRule known = faults.rule(namespace + '/' + rule.name());
        return known != null && known.rule().equals(rule)
                ? known
                : new ActiveRule(namespace, rule, clock.instant(), null);
    }

    private static List<Honour> honours(Map<NodeInfo, Honouring> found) {
        List<Honour> honours = new ArrayList<>();
        // Nodes that are alike share what becomes of the rule.
        Map<Honouring, List<String>> ways = new IdentityHashMap<>();
        found.forEach((node, honouring) -> honours.add(new Honour(
                node.id(),
                node.cluster(),
                ways.computeIfAbsent(honouring, FleetFacts::ways),
                honouring.reasons(),
                honouring.notes())));
        return honours;
    }

    private static List<String> ways(Honouring honouring) {
        return honouring.ways().stream().sorted().map(Way::words).toList();
    }
}
