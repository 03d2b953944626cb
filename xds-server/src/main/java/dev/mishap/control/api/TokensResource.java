package dev.mishap.control.api;

import static dev.mishap.control.api.Documents.map;

import dev.mishap.control.http.Answer;
import dev.mishap.control.http.Exchange;
import dev.mishap.control.http.MediaType;
import dev.mishap.control.http.Route;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Grant;
import dev.mishap.control.security.Role;
import dev.mishap.control.security.TokenCodec;
import dev.mishap.control.security.Tokens;
import dev.mishap.rules.Durations;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** API tokens: for admins of everything, since a token may grant anything. */
final class TokensResource {
    private static final Duration MAX_TTL = Duration.ofDays(3660);

    private final Tokens tokens;
    private final AuditTrail audit;
    private final InstantSource clock;

    TokensResource(Tokens tokens, AuditTrail audit, InstantSource clock) {
        this.tokens = tokens;
        this.audit = audit;
        this.clock = clock;
    }

    List<Route> routes() {
        return List.of(
                Route.of("POST", "/api/v1/tokens", this::create)
                        .doc(
                                "createToken",
                                "tokens",
                                "Make an API token",
                                "The token itself is told this once and not kept.")
                        .body(List.of(MediaType.JSON), true, "NewToken", Examples.TOKEN)
                        .answers(201, "The token.", "Token", null)
                        .problems(ProblemKind.FORBIDDEN, ProblemKind.EXISTS),
                Route.of("GET", "/api/v1/tokens", this::list)
                        .doc("listTokens", "tokens", "List the API tokens", "Without what is secret.")
                        .answers(200, "The tokens by name.", "TokenList", null)
                        .problems(ProblemKind.FORBIDDEN),
                Route.of("DELETE", "/api/v1/tokens/{name}", this::revoke)
                        .doc("revokeToken", "tokens", "Revoke an API token", "It ceases to work at once.")
                        .answers(204, "It is revoked.", null, null)
                        .problems(ProblemKind.FORBIDDEN, ProblemKind.NOT_FOUND));
    }

    private Answer create(Exchange exchange) {
        Caller caller = exchange.caller();
        caller.requireEverywhere(Role.ADMIN);
        JsonNode body = Json.object(exchange.body(), Set.of("name", "grants", "ttl"));
        String name = Json.text(body, "name");
        List<Grant> grants = new ArrayList<>();
        JsonNode list = body.path("grants");
        if (!list.isArray() || list.isEmpty() || list.size() > 100) {
            throw ProblemException.invalid(
                    "grants", "expected a list of 1 to 100 grants, such as {\"role\": \"operator\"}");
        }
        for (JsonNode each : list) {
            String at = "grants[" + grants.size() + "]";
            if (!each.isObject()) {
                throw ProblemException.invalid(at, "expected an object");
            }
            Json.object(each.toString(), Set.of("role", "namespaces", "labels"));
            if (each.path("namespaces").isArray() && each.path("namespaces").isEmpty()) {
                // A script that found none would otherwise grant all.
                throw ProblemException.invalid(
                        at + ".namespaces", "expected a list of namespaces; leave it out for all of them");
            }
            try {
                grants.add(TokenCodec.grant(
                        Json.text(each, "role"), Json.texts(each, "namespaces"), Json.text(each, "labels")));
            } catch (IllegalArgumentException e) {
                throw ProblemException.invalid(at, String.valueOf(e.getMessage()));
            }
        }
        Instant expires = expires(Json.text(body, "ttl"));
        Tokens.Created created = tokens.create(name, grants, expires, caller.name());
        audit.record(caller, "token.create", name, null, document(created.token()), null);
        Map<String, Object> document = document(created.token());
        document.put("token", created.secret());
        return Answer.document(201, document);
    }

    private @Nullable Instant expires(String ttl) {
        if (ttl.isEmpty()) {
            return null;
        }
        try {
            Duration duration = Durations.parse(ttl);
            if (duration.isZero() || duration.compareTo(MAX_TTL) > 0) {
                throw new IllegalArgumentException("must be more than 0s and at most " + MAX_TTL.toDays() + "d");
            }
            return clock.instant().plus(duration);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("ttl", String.valueOf(e.getMessage()));
        }
    }

    private Answer list(Exchange exchange) {
        exchange.caller().requireEverywhere(Role.ADMIN);
        return Answer.document(
                200,
                map(
                        "items",
                        tokens.list().stream().map(TokensResource::document).toList()));
    }

    private Answer revoke(Exchange exchange) {
        Caller caller = exchange.caller();
        caller.requireEverywhere(Role.ADMIN);
        String name = exchange.path("name");
        Tokens.Token before = tokens.get(name);
        if (!tokens.revoke(name)) {
            throw new ProblemException(ProblemKind.NOT_FOUND, "there is no token '" + name + "'");
        }
        audit.record(caller, "token.revoke", name, before == null ? null : document(before), null, null);
        return Answer.status(204);
    }

    private static Map<String, Object> document(Tokens.Token token) {
        Map<String, Object> document = map(
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
