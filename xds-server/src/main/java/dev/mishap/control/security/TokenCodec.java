package dev.mishap.control.security;

import dev.mishap.control.security.Tokens.Token;
import dev.mishap.rules.yaml.DocumentText;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tokens as the store keeps them, and grants as the API tells them. */
public final class TokenCodec {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int SCHEMA = 1;

    private TokenCodec() {}

    static String write(Token token) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("schemaVersion", SCHEMA);
        map.put("sha256", token.hash());
        map.put("grants", token.grants().stream().map(TokenCodec::grant).toList());
        map.put("created", token.created().toString());
        map.put("createdBy", token.createdBy());
        Instant expires = token.expires();
        if (expires != null) {
            map.put("expires", expires.toString());
        }
        return DocumentText.jsonLine(map);
    }

    static Token read(String name, String text) {
        try {
            JsonNode node = JSON.readTree(text);
            if (node.path("schemaVersion").asInt(0) > SCHEMA) {
                throw new IllegalArgumentException("it was written by a newer version");
            }
            List<Grant> grants = new ArrayList<>();
            for (JsonNode grant : node.path("grants")) {
                grants.add(grant(grant));
            }
            String hash = node.path("sha256").asString("");
            if (hash.length() != 64) {
                throw new IllegalArgumentException("it has no hash");
            }
            return new Token(
                    name,
                    hash,
                    grants,
                    Instant.parse(node.path("created").asString("")),
                    node.path("createdBy").asString(""),
                    node.has("expires") ? Instant.parse(node.path("expires").asString("")) : null);
        } catch (JacksonException | DateTimeParseException e) {
            throw new IllegalArgumentException("it is damaged", e);
        }
    }

    /** A grant as a document. */
    public static Map<String, Object> grant(Grant grant) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("role", grant.role().word());
        if (!grant.namespaces().isEmpty()) {
            map.put("namespaces", grant.namespaces());
        }
        if (!grant.labels().isEmpty()) {
            map.put("labels", grant.labels());
        }
        return map;
    }

    private static Grant grant(JsonNode node) {
        List<String> namespaces = new ArrayList<>();
        node.path("namespaces").forEach(n -> namespaces.add(n.asString("")));
        return Grant.of(
                Role.parse(node.path("role").asString("")),
                namespaces,
                node.path("labels").asString(""));
    }

    /** A grant as a document of a caller. @throws IllegalArgumentException saying what was expected */
    public static Grant grant(String role, List<String> namespaces, @Nullable String labels) {
        return Grant.of(Role.parse(role), namespaces, labels == null ? "" : labels);
    }
}
