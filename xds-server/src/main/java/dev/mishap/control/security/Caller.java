package dev.mishap.control.security;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Who is calling, and what they may do.
 *
 * @param name for the audit log: {@code token:ci}, {@code oidc:alice@example.com}, {@code anonymous}
 * @param address where from
 * @param standing whether what they were known by is good still: a token is revoked or expires while its holder watches
 */
public record Caller(String name, String address, List<Grant> grants, BooleanSupplier standing) {
    public static final String ANONYMOUS = "anonymous";

    public Caller {
        grants = List.copyOf(grants);
    }

    /** One who is known by what does not end. */
    public Caller(String name, String address, List<Grant> grants) {
        this(name, address, grants, () -> true);
    }

    /** Whether what they were known by is good still. Quick. */
    public boolean inGoodStanding() {
        return standing.getAsBoolean();
    }

    /** Whether the caller may do it with one rule. */
    public boolean may(Role role, String namespace, Map<String, String> labels) {
        return grants.stream().anyMatch(grant -> grant.covers(role, namespace, labels));
    }

    /** Whether the caller may do it with some rule of the namespace. */
    public boolean mayWithin(Role role, String namespace) {
        return grants.stream().anyMatch(grant -> grant.role().covers(role) && grant.inNamespace(namespace));
    }

    /** Whether the caller has the role anywhere. */
    public boolean mayAnywhere(Role role) {
        return grants.stream().anyMatch(grant -> grant.role().covers(role));
    }

    /** Whether the caller has the role without bounds. */
    public boolean mayEverywhere(Role role) {
        return grants.stream().anyMatch(grant -> grant.role().covers(role) && grant.unbounded());
    }

    public void require(Role role, String namespace, Map<String, String> labels) {
        if (!may(role, namespace, labels)) {
            throw refused(
                    role,
                    "in namespace '" + namespace + "'"
                            + (mayWithin(role, namespace) ? " for a rule with these labels" : ""));
        }
    }

    public void requireWithin(Role role, String namespace) {
        if (!mayWithin(role, namespace)) {
            throw refused(role, "in namespace '" + namespace + "'");
        }
    }

    public void requireAnywhere(Role role) {
        if (!mayAnywhere(role)) {
            throw refused(role, "in some namespace");
        }
    }

    public void requireEverywhere(Role role) {
        if (!mayEverywhere(role)) {
            throw refused(role, "for all namespaces");
        }
    }

    private ProblemException refused(Role role, String where) {
        return new ProblemException(
                ProblemKind.FORBIDDEN, name + " needs the role " + role.word() + " " + where + "; ask an admin for it");
    }
}
