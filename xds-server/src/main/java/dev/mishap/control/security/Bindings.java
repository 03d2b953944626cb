package dev.mishap.control.security;

import dev.mishap.rules.yaml.Problem;
import dev.mishap.rules.yaml.Problems;
import dev.mishap.rules.yaml.Suggestion;
import dev.mishap.rules.yaml.Tree;
import dev.mishap.rules.yaml.TreeReader;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which roles people have by what their identity provider or their certificate says of them. A file:
 *
 * <pre>{@code
 * bindings:
 *   - {claim: groups, value: sre, role: admin}
 *   - {claim: groups, value: payments, role: operator, namespaces: [pay, pay-*], labels: team=pay}
 *   - {certificate: spiffe://example.org/ci, role: operator, namespaces: [staging]}
 * }</pre>
 */
public final class Bindings {
    public static final Bindings NONE = new Bindings(List.of());

    private static final Set<String> FIELDS = Set.of("claim", "value", "certificate", "role", "namespaces", "labels");

    private record Binding(@Nullable String claim, String value, Grant grant) {}

    private final List<Binding> bindings;

    private Bindings(List<Binding> bindings) {
        this.bindings = List.copyOf(bindings);
    }

    /**
     * Reads a file's text.
     *
     * @throws IllegalArgumentException with every problem on a line of its own
     */
    public static Bindings read(String text, String file) {
        Problems problems = new Problems(file);
        List<Binding> read = new ArrayList<>();
        List<Tree> documents = TreeReader.read(text, problems);
        if (documents.size() != 1 && problems.count() == 0) {
            problems.add(Tree.atStart(), "expected one document with a list of bindings");
        }
        for (Tree document : documents) {
            document.fields().forEach((name, value) -> {
                if (!name.equals("bindings")) {
                    problems.add(value, "is not known here; expected bindings");
                }
            });
            for (Tree item : document.itemsOf("bindings")) {
                Binding binding = binding(item, problems);
                if (binding != null) {
                    read.add(binding);
                }
            }
        }
        if (problems.count() > 0) {
            throw new IllegalArgumentException(String.join(
                    "\n", problems.list().stream().map(Problem::toString).toList()));
        }
        return new Bindings(read);
    }

    private static @Nullable Binding binding(Tree item, Problems problems) {
        int before = problems.count();
        item.fields().forEach((name, value) -> {
            if (!FIELDS.contains(name)) {
                problems.add(value, "is not known here" + Suggestion.of(name, FIELDS));
            }
        });
        String claim = item.textOf("claim");
        String value = item.textOf("value");
        String certificate = item.textOf("certificate");
        if (certificate == null ? claim == null || value == null : claim != null || value != null) {
            problems.add(item, "expected claim and value, or certificate");
        }
        Tree roleAt = item.get("role");
        if (roleAt == null) {
            problems.add(item, "needs a role: viewer, operator or admin");
            return null;
        }
        Role role = problems.attempt(roleAt, () -> Role.parse(roleAt.text()));
        Tree labelsAt = item.get("labels");
        List<String> namespaces =
                item.itemsOf("namespaces").stream().map(Tree::text).toList();
        Tree namespacesAt = item.get("namespaces");
        if (namespacesAt != null && namespaces.isEmpty()) {
            problems.add(namespacesAt, "expected a list of namespaces; leave it out for all of them");
        }
        Grant grant = role == null
                ? null
                : problems.attempt(item, () -> Grant.of(role, namespaces, labelsAt == null ? "" : labelsAt.text()));
        if (problems.count() > before || grant == null) {
            return null;
        }
        return new Binding(
                certificate == null ? claim : null, certificate != null ? certificate : String.valueOf(value), grant);
    }

    /** What one may do by the claims of one's token. A claim that is a list holds each of its values. */
    List<Grant> ofClaims(Map<String, Object> claims) {
        List<Grant> grants = new ArrayList<>();
        for (Binding binding : bindings) {
            if (binding.claim != null && holds(claims.get(binding.claim), binding.value)) {
                grants.add(binding.grant);
            }
        }
        return grants;
    }

    private static boolean holds(@Nullable Object claim, String value) {
        if (claim instanceof Collection<?> list) {
            return list.stream().anyMatch(each -> value.equals(String.valueOf(each)));
        }
        return claim != null && value.equals(String.valueOf(claim));
    }

    /** What one may do by a name of one's certificate. */
    List<Grant> ofCertificate(Collection<String> names) {
        return bindings.stream()
                .filter(binding -> binding.claim == null && names.contains(binding.value))
                .map(Binding::grant)
                .toList();
    }
}
