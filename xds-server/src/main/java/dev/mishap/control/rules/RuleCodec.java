package dev.mishap.control.rules;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Entry;
import dev.mishap.rules.yaml.DocumentText;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The form of what the registry keeps, as JSON with a {@code schemaVersion}; and under which keys. */
final class RuleCodec {
    /** Of all records. A reader refuses what is newer; what is older is brought up by {@link Migrations} when the store is opened. */
    static final int SCHEMA_VERSION = 1;

    /** What the registry follows. */
    static final String LIVE = "live/";

    static final String RULES = LIVE + "rules/";
    static final String KILL_SWITCH = LIVE + "kill-switch";

    private static final JsonMapper JSON = new JsonMapper();

    private RuleCodec() {}

    static String key(RuleKey key) {
        return RULES + key.namespace() + '/' + key.name();
    }

    /** The rule of a key of the store; null when the key is not one of a rule. */
    static @Nullable RuleKey rule(String key) {
        int slash = key.indexOf('/', RULES.length());
        return !key.startsWith(RULES) || slash < 0
                ? null
                : new RuleKey(key.substring(RULES.length(), slash), key.substring(slash + 1));
    }

    /** The revision is not part of it: the store knows it. */
    static Map<String, Object> map(StoredRule rule) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("schemaVersion", SCHEMA_VERSION);
        map.put("uid", rule.uid());
        map.put("generation", rule.generation());
        map.put("created", rule.created().toString());
        map.put("updated", rule.updated().toString());
        Instant expires = rule.expires();
        if (expires != null) {
            map.put("expires", expires.toString());
        }
        map.put("who", rule.who());
        map.put("document", rule.document().write());
        return map;
    }

    static Bytes write(StoredRule rule) {
        return bytes(map(rule));
    }

    static Bytes bytes(Map<String, Object> map) {
        return Bytes.utf8(DocumentText.jsonLine(map));
    }

    /** @throws IllegalArgumentException with the reason, when it is none */
    static StoredRule read(Entry entry) {
        return rule(tree(entry.value()), entry.modRevision());
    }

    static StoredRule rule(JsonNode tree, long revision) {
        requireVersion(tree);
        try {
            RuleDocument.Result document =
                    RuleDocument.readOne(text(tree, "document"), "stored rule", RuleKey.DEFAULT_NAMESPACE);
            if (!document.ok()) {
                throw new IllegalArgumentException(document.problems().get(0).toString());
            }
            return new StoredRule(
                    document.documents().get(0),
                    text(tree, "uid"),
                    tree.path("generation").asLong(1),
                    revision,
                    Instant.parse(text(tree, "created")),
                    Instant.parse(text(tree, "updated")),
                    tree.has("expires") ? Instant.parse(text(tree, "expires")) : null,
                    text(tree, "who"));
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("a time is none: " + e.getMessage(), e);
        }
    }

    static Bytes write(KillSwitch killSwitch) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("schemaVersion", SCHEMA_VERSION);
        map.put("engaged", killSwitch.engaged());
        map.put("reason", killSwitch.reason());
        map.put("who", killSwitch.who());
        map.put("at", killSwitch.at().toString());
        return bytes(map);
    }

    static KillSwitch readKillSwitch(Entry entry) {
        JsonNode tree = tree(entry.value());
        requireVersion(tree);
        return new KillSwitch(
                tree.path("engaged").asBoolean(true),
                text(tree, "reason"),
                text(tree, "who"),
                Instant.parse(text(tree, "at")),
                entry.modRevision());
    }

    static JsonNode tree(Bytes bytes) {
        try {
            return JSON.readTree(bytes.toArray());
        } catch (JacksonException e) {
            throw new IllegalArgumentException("is no JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static void requireVersion(JsonNode tree) {
        int version = tree.path("schemaVersion").asInt(0);
        if (version != SCHEMA_VERSION) {
            throw new IllegalArgumentException(
                    "has schemaVersion " + version + "; this program reads " + SCHEMA_VERSION);
        }
    }

    /** A field as text; an object as its JSON. */
    static String text(JsonNode tree, String field) {
        JsonNode value = tree.get(field);
        if (value == null || value.isNull()) {
            throw new IllegalArgumentException("has no " + field);
        }
        return value.isString() ? value.asString() : value.toString();
    }
}
