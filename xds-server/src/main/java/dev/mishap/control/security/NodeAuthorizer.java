package dev.mishap.control.security;

import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Says whether a proxy may be the node that it says it is. A certificate's names (SAN: URI, DNS) speak for the node whose id or
 * cluster they are, or that a mapping makes of them.
 *
 * <p>A mapping is {@code spiffe://example.org/ns/{ns}/sa/{sa} => cluster={sa}.{ns}, namespace={ns}}: a name of this form speaks for every
 * node of that cluster in that namespace; with {@code id=}, for the node of that id; with several, only for nodes with all of them. A
 * brace stands for one or more characters but {@code /}, the same wherever it stands, and on the right {@code *} for any characters at all.
 *
 * <p>Where no mapping says which namespace, it is that of a SPIFFE ID as service meshes have it ({@code spiffe://DOMAIN/ns/NAMESPACE/…}),
 * else {@code default}: which faults a node gets is its namespace's to say, so a node cannot choose it.
 */
public final class NodeAuthorizer {
    /** Takes every node: without certificates there is nothing to go by. */
    public static final NodeAuthorizer ANYONE = new NodeAuthorizer(false, List.of());

    private static final String DEFAULT_NAMESPACE = "default";
    private static final Pattern SPIFFE = Pattern.compile("spiffe://[^/]+/ns/([^/]+)(/.*)?");

    /** A name in braces, or else a brace that is out of place. */
    private static final Pattern BRACE = Pattern.compile("\\{([^{}]+)}|[{}]");

    private record Mapping(
            String name,
            @Nullable String id,
            @Nullable String cluster,
            @Nullable String namespace) {}

    private final boolean required;
    private final List<Mapping> mappings;

    private NodeAuthorizer(boolean required, List<Mapping> mappings) {
        this.required = required;
        this.mappings = List.copyOf(mappings);
    }

    /**
     * Asks every node for a certificate.
     *
     * @param mappings as told above; without any, a certificate's names are ids or clusters themselves
     * @throws IllegalArgumentException saying what was expected
     */
    public static NodeAuthorizer certificates(List<String> mappings) {
        List<Mapping> read = new ArrayList<>();
        for (String text : mappings) {
            int arrow = text.indexOf("=>");
            String id = null;
            String cluster = null;
            String namespace = null;
            boolean good = arrow > 0;
            if (good) {
                for (String part : text.substring(arrow + 2).split(",")) {
                    String target = part.strip();
                    if (target.startsWith("id=") && id == null) {
                        id = target.substring(3);
                    } else if (target.startsWith("cluster=") && cluster == null) {
                        cluster = target.substring(8);
                    } else if (target.startsWith("namespace=") && namespace == null) {
                        namespace = target.substring(10);
                    } else {
                        good = false;
                    }
                }
            }
            if (!good || id == null && cluster == null) {
                throw new IllegalArgumentException("expected NAME => cluster=CLUSTER, id=ID, namespace=NAMESPACE (the"
                        + " first or the second, or both), such as 'spiffe://example.org/ns/{ns}/sa/{sa} =>"
                        + " cluster={sa}.{ns}, namespace={ns}', found '" + text + "'");
            }
            String name = text.substring(0, arrow).strip();
            Set<String> variables = variables(name, text);
            for (String target : new String[] {id, cluster, namespace}) {
                for (String used : target == null ? Set.<String>of() : variables(target, text)) {
                    if (!variables.contains(used)) {
                        throw new IllegalArgumentException("{" + used + "} stands for nothing in '" + text
                                + "': expected it to the left of =>, too, found " + name);
                    }
                }
            }
            read.add(new Mapping(name, id, cluster, namespace));
        }
        return new NodeAuthorizer(true, read);
    }

    /** The names that stand in braces. */
    private static Set<String> variables(String pattern, String text) {
        Set<String> names = new LinkedHashSet<>();
        Matcher brace = BRACE.matcher(pattern);
        while (brace.find()) {
            String name = brace.group(1);
            if (name == null) {
                throw new IllegalArgumentException("expected braces around a name, as in {ns}, found '" + text + "'");
            }
            names.add(name);
        }
        return names;
    }

    /** Whether there is anything to check, so that a caller can leave it out. */
    public boolean required() {
        return required;
    }

    /**
     * Why a peer may not be this node; null when it may.
     *
     * @param certificates of the peer, verified, its own first
     * @param namespace whose rules the node would get
     */
    public @Nullable String refusal(List<X509Certificate> certificates, String id, String cluster, String namespace) {
        if (!required) {
            return null;
        }
        if (certificates.isEmpty()) {
            return "a proxy needs a certificate of a client here, and there is none";
        }
        List<String> names = CertificateNames.of(certificates.get(0));
        Set<String> namespaces = new LinkedHashSet<>();
        for (String name : names) {
            if (mappings.isEmpty() && !name.isEmpty() && (name.equals(id) || name.equals(cluster))) {
                namespaces.add(namespaceOf(name));
            }
            for (Mapping mapping : mappings) {
                Map<String, String> values = match(mapping.name, name);
                if (values != null
                        && (mapping.id == null || glob(fill(mapping.id, values), id))
                        && (mapping.cluster == null || glob(fill(mapping.cluster, values), cluster))) {
                    namespaces.add(mapping.namespace == null ? namespaceOf(name) : fill(mapping.namespace, values));
                }
            }
        }
        if (namespaces.stream().anyMatch(pattern -> glob(pattern, namespace))) {
            return null;
        }
        String who = "the certificate of " + (names.isEmpty() ? "no name" : String.join(", ", names));
        return namespaces.isEmpty()
                ? who + " does not speak for node '" + id + "' of cluster '" + cluster + "'"
                : who + " speaks for node '" + id + "' in namespace "
                        + String.join(" or ", namespaces) + " and not in '" + namespace
                        + "'; --node-identity 'NAME => …, namespace=NAMESPACE' says which";
    }

    /** The namespace of a name that no mapping gives one. */
    private static String namespaceOf(String name) {
        Matcher spiffe = SPIFFE.matcher(name);
        return spiffe.matches() ? spiffe.group(1).replace('*', '\0') : DEFAULT_NAMESPACE;
    }

    /** What stands for the braces; null when the name is not of this form. */
    private static @Nullable Map<String, String> match(String pattern, String name) {
        Map<String, String> values = new HashMap<>();
        return match(pattern, 0, name, 0, values) ? values : null;
    }

    private static boolean match(String pattern, int at, String name, int from, Map<String, String> values) {
        while (at < pattern.length()) {
            int end = pattern.charAt(at) == '{' ? pattern.indexOf('}', at) : -1;
            if (end < 0) {
                if (from >= name.length() || name.charAt(from) != pattern.charAt(at)) {
                    return false;
                }
                at++;
                from++;
                continue;
            }
            String variable = pattern.substring(at + 1, end);
            String same = values.get(variable);
            for (int to = from + 1; to <= name.length() && name.charAt(to - 1) != '/'; to++) {
                String value = name.substring(from, to);
                if (same != null && !same.equals(value)) {
                    continue;
                }
                values.put(variable, value);
                if (match(pattern, end + 1, name, to, values)) {
                    return true;
                }
            }
            if (same == null) {
                values.remove(variable);
            }
            return false;
        }
        return from == name.length();
    }

    /** In one go: what a name holds is no template, even if it has braces. */
    private static String fill(String template, Map<String, String> values) {
        StringBuilder filled = new StringBuilder();
        Matcher brace = BRACE.matcher(template);
        int from = 0;
        while (brace.find()) {
            // A star in a name is a star, not a wildcard: such names do not exist but in wildcard certificates.
            String value = String.valueOf(values.get(brace.group(1))).replace('*', '\0');
            filled.append(template, from, brace.start()).append(value);
            from = brace.end();
        }
        return filled.append(template, from, template.length()).toString();
    }

    private static boolean glob(String pattern, String text) {
        int star = pattern.indexOf('*');
        if (star < 0) {
            return pattern.equals(text);
        }
        String rest = pattern.substring(star + 1);
        if (!text.startsWith(pattern.substring(0, star))) {
            return false;
        }
        for (int from = star; from <= text.length(); from++) {
            if (glob(rest, text.substring(from))) {
                return true;
            }
        }
        return false;
    }
}
