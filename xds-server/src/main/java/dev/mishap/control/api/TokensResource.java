package dev.mishap.control.api;

import static dev.mishap.control.api.Documents.map;

import dev.mishap.control.http.Answer;
import dev.mishap.control.http.Exchange;
import dev.mishap.control.http.MediaType;
import dev.mishap.control.http.Route;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.security.Grant;
import dev.mishap.control.security.TokenCodec;
import dev.mishap.control.security.Tokens;
import dev.mishap.rules.Durations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** API tokens: for admins of everything, since a token may grant anything. */
final class TokensResource {
    private final TokenService tokens;

    TokensResource(TokenService tokens) {
        this.tokens = tokens;
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
        TokenService.require(exchange.caller());
        JsonNode body = Json.object(exchange.body(), Set.of("name", "grants", "ttl"));
        String name = Json.text(body, "name");
        List<Grant> grants = new ArrayList<>();
        JsonNode list = body.path("grants");
        if (!list.isArray() || list.size() > TokenService.MAX_GRANTS) {
            throw ProblemException.invalid(
                    "grants",
                    "expected a list of 1 to " + TokenService.MAX_GRANTS + " grants, such as {\"role\": \"operator\"}");
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
        Tokens.Created created = tokens.create(exchange.caller(), name, grants, ttl(Json.text(body, "ttl")));
        Map<String, Object> document = TokenService.document(created.token());
        document.put("token", created.secret());
        return Answer.document(201, document);
    }

    private static @Nullable Duration ttl(String ttl) {
        try {
            return ttl.isEmpty() ? null : Durations.parse(ttl);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("ttl", String.valueOf(e.getMessage()));
        }
    }

    private Answer list(Exchange exchange) {
        return Answer.document(
                200,
                map(
                        "items",
                        tokens.list(exchange.caller()).stream()
                                .map(TokenService::document)
                                .toList()));
    }

    private Answer revoke(Exchange exchange) {
        tokens.revoke(exchange.caller(), exchange.path("name"));
        return Answer.status(204);
    }
}
