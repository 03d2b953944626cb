package dev.mishap.rules;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The nodes of a fleet that a rule is for, told by what a node says of itself to the control plane. All conditions must hold; in
 * a list one must. Empty = any. Only a control plane reads it: a single proxy takes rules for itself.
 *
 * @param services values of {@code node.cluster}
 * @param nodes values of {@code node.id}
 * @param labels entries of the node's metadata, under {@code labels} or, as Istio has it, {@code LABELS}
 * @param localities {@code region}, {@code region/zone} or {@code region/zone/sub_zone}; a shorter one holds all within it
 */
public record Targets(List<String> services, List<String> nodes, Map<String, String> labels, List<String> localities) {
    public static final Targets ALL = new Targets(List.of(), List.of(), Map.of(), List.of());

    private static final int MAX_LENGTH = 256;
    private static final int MAX_ITEMS = 1000;

    public Targets {
        services = List.copyOf(services);
        nodes = List.copyOf(nodes);
        labels = Collections.unmodifiableMap(new TreeMap<>(labels));
        localities = List.copyOf(localities);
        requireTexts("targets.services", services);
        requireTexts("targets.nodes", nodes);
        requireTexts("targets.localities", localities);
        requireTexts("targets.labels", new ArrayList<>(labels.keySet()));
        for (String label : labels.keySet()) {
            if (label.indexOf('=') >= 0 || label.indexOf(',') >= 0) {
                throw new IllegalArgumentException("targets.labels must have no '=' or ',', got '" + label + "'");
            }
        }
        for (String locality : localities) {
            if (locality.split("/", -1).length > 3) {
                throw new IllegalArgumentException(
                        "targets.localities must be region, region/zone or region/zone/sub_zone, got '" + locality
                                + "'");
            }
        }
    }

    private static void requireTexts(String field, List<String> texts) {
        if (texts.size() > MAX_ITEMS) {
            throw new IllegalArgumentException(
                    field + " must have at most " + MAX_ITEMS + " entries, got " + texts.size());
        }
        for (String text : texts) {
            if (text.isEmpty() || text.length() > MAX_LENGTH) {
                throw new IllegalArgumentException(
                        field + " must have 1 to " + MAX_LENGTH + " characters each, got '" + text + "'");
            }
        }
    }

    /** Whether every node is meant. */
    public boolean isAll() {
        return equals(ALL);
    }

    /**
     * Whether a node is meant.
     *
     * @param service its {@code node.cluster}
     * @param node its {@code node.id}
     * @param nodeLabels what it is labelled with
     * @param locality {@code region/zone/sub_zone}, each part possibly empty
     */
    public boolean match(String service, String node, Map<String, String> nodeLabels, String locality) {
        return (services.isEmpty() || services.contains(service))
                && (nodes.isEmpty() || nodes.contains(node))
                && labels.entrySet().stream().allMatch(label -> label.getValue().equals(nodeLabels.get(label.getKey())))
                && (localities.isEmpty() || localities.stream().anyMatch(wanted -> within(wanted, locality)));
    }

    private static boolean within(String wanted, String locality) {
        return locality.startsWith(wanted)
                && (locality.length() == wanted.length() || locality.charAt(wanted.length()) == '/');
    }
}
