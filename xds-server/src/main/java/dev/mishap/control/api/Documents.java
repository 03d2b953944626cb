package dev.mishap.control.api;

import dev.mishap.control.rules.KillSwitch;
import dev.mishap.control.rules.StoredRule;
import dev.mishap.rules.text.RuleLine;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Rules, nodes and the rest as the API's documents. */
final class Documents {
    /** Nodes that are told one by one; the others are counted. */
    private static final int MAX_NODES = 100;

    private Documents() {}

    static Map<String, Object> map(Object... pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }

    /** The rule, with what the server knows of it. */
    static Map<String, Object> rule(StoredRule rule, Instant now, KillSwitch killSwitch) {
        Map<String, Object> document = rule.document().write();
        Map<String, Object> metadata = new LinkedHashMap<>(object(document, "metadata"));
        metadata.put("uid", rule.uid());
        metadata.put("resourceVersion", Long.toString(rule.revision()));
        metadata.put("generation", rule.generation());
        metadata.put("creationTimestamp", rule.created().toString());
        metadata.put("updateTimestamp", rule.updated().toString());
        metadata.put("updatedBy", rule.who());
        document.put("metadata", metadata);
        Map<String, Object> status = new LinkedHashMap<>();
        status.put("phase", phase(rule, now, killSwitch));
        status.put("summary", RuleLine.describe(rule.rule()));
        Instant expires = rule.expires();
        if (expires != null) {
            status.put("expiresAt", expires.toString());
        }
        document.put("status", status);
        return document;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Map<String, Object> document, String field) {
        return (Map<String, Object>) java.util.Objects.requireNonNull(document.get(field), field);
    }

    static String phase(StoredRule rule, Instant now, KillSwitch killSwitch) {
        if (rule.expired(now)) {
            return "Expired";
        } else if (killSwitch.engaged()) {
            return "Stopped";
        }
        return rule.rule().schedule().active(now.toEpochMilli()) ? "Active" : "Scheduled";
    }

    /** What becomes of a rule on the nodes that it is for. */
    static Map<String, Object> honouring(List<FleetView.Honour> honours, boolean all) {
        List<Object> nodes = new ArrayList<>();
        int honoured = 0;
        int partly = 0;
        for (FleetView.Honour honour : honours) {
            honoured += honour.honoured() ? 1 : 0;
            partly += honour.partly() ? 1 : 0;
            if ((all || !honour.honoured()) && nodes.size() < MAX_NODES) {
                nodes.add(honour(honour));
            }
        }
        return map(
                "honoured", honoured,
                "partly", partly,
                "notHonoured", honours.size() - honoured - partly,
                "nodes", nodes);
    }

    static Map<String, Object> honour(FleetView.Honour honour) {
        Map<String, Object> node = map("node", honour.node(), "cluster", honour.cluster());
        node.put("outcome", honour.honoured() ? "honoured" : honour.partly() ? "partly" : "notHonoured");
        node.put("ways", honour.ways());
        node.put("reasons", honour.reasons());
        node.put("notes", honour.notes());
        return node;
    }

    static Map<String, Object> node(FleetView.Node node) {
        Map<String, Object> map = map(
                "id", node.id(),
                "cluster", node.cluster(),
                "namespace", node.namespace(),
                "kind", node.kind(),
                "version", node.version(),
                "locality", node.locality(),
                "address", node.address(),
                "connected", node.connected().toString(),
                "state", node.state(),
                "protocols", node.protocols(),
                "capabilities", node.capabilities());
        List<Object> types = new ArrayList<>();
        for (FleetView.TypeState type : node.types()) {
            Map<String, Object> each = map(
                    "type", type.type(),
                    "state", type.state(),
                    "resources", type.resources(),
                    "sentVersion", type.sentVersion(),
                    "ackedVersion", type.ackedVersion());
            put(each, "ackedAt", type.ackedAt() == null ? null : type.ackedAt().toString());
            put(each, "error", type.error());
            types.add(each);
        }
        map.put("types", types);
        return map;
    }

    static Map<String, Object> killSwitch(KillSwitch killSwitch) {
        Map<String, Object> map = map("engaged", killSwitch.engaged());
        if (killSwitch.revision() > 0) {
            map.put("reason", killSwitch.reason());
            map.put("by", killSwitch.who());
            map.put("at", killSwitch.at().toString());
        }
        return map;
    }

    private static void put(Map<String, Object> map, String name, @Nullable Object value) {
        if (value != null) {
            map.put(name, value);
        }
    }
}
