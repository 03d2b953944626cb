package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Grant;
import dev.mishap.control.security.Role;
import dev.mishap.control.security.TokenCodec;
import dev.mishap.control.security.Tokens;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** API tokens, whichever protocol is asked for them: for admins of everything, since a token may grant anything. */
final class TokenService {
    static final int MAX_GRANTS = 100;
    private static final Duration MAX_TTL = Duration.ofDays(3660);

    private final Tokens tokens;
    private final AuditTrail audit;
    private final InstantSource clock;

    TokenService(Tokens tokens, AuditTrail audit, InstantSource clock) {
        this.tokens = tokens;
        this.audit = audit;
        this.clock = clock;
    }

    /** @param ttl null = until it is revoked */
    Tokens.Created create(Caller caller, String name, List<Grant> grants, @Nullable Duration ttl) {
        require(caller);
        if (grants.isEmpty() || grants.size() > MAX_GRANTS) {
            throw ProblemException.invalid(
                    "grants", "expected a list of 1 to " + MAX_GRANTS + " grants, such as {\"role\": \"operator\"}");
        }
        if (ttl != null && (ttl.isZero() || ttl.isNegative() || ttl.compareTo(MAX_TTL) > 0)) {
            throw ProblemException.invalid("ttl", "must be more than 0s and at most " + MAX_TTL.toDays() + "d");
        }
        Instant expires = ttl == null ? null : clock.instant().plus(ttl);
        Tokens.Created created = tokens.create(name, grants, expires, caller.name());
        audit.record(caller, "token.create", name, null, document(created.token()), null);
        return created;
    }

    List<Tokens.Token> list(Caller caller) {
        require(caller);
        return tokens.list();
    }

    void revoke(Caller caller, String name) {
        require(caller);
        Tokens.Token before = tokens.get(name);
        if (!tokens.revoke(name)) {
            throw new ProblemException(ProblemKind.NOT_FOUND, "there is no token '" + name + "'");
        }
        audit.record(caller, "token.revoke", name, before == null ? null : document(before), null, null);
    }

    /** Before anything of a request is looked at: others are told nothing of what it says. */
    static void require(Caller caller) {
        caller.requireEverywhere(Role.ADMIN);
    }

    /** Without the secret, which nobody has any more. */
    static Map<String, Object> document(Tokens.Token token) {
        Map<String, Object> document = Documents.map(
                "name", token.name(),
                "grants", token.grants().stream().map(TokenCodec::grant).toList(),
                "created", token.created().toString(),
                "createdBy", token.createdBy());
        Instant expires = token.expires();
        if (expires != null) {
            document.put("expires", expires.toString());
        }
        return document;
    }
}
