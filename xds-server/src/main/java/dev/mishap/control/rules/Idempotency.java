package dev.mishap.control.rules;

import dev.mishap.control.rules.RuleWrites.Outcome;
import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Entry;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * One request's idempotency key: the answer is written with the change itself, in one transaction, so that a repetition finds it on any
 * replica.
 *
 * @param key of the store; made of who asks and the caller's key, so that callers can't see each other's answers
 * @param hash of the request
 */
record Idempotency(String key, String hash) {
    static final String PREFIX = "idempotency/";

    /** What is kept of an earlier request. */
    record Known(String hash, Instant until, Outcome outcome) {}

    static @Nullable Idempotency of(Caller caller, String fingerprint) {
        String own = caller.idempotencyKey();
        return own == null ? null : new Idempotency(PREFIX + sha256(caller.who() + '\0' + own), sha256(fingerprint));
    }

    Bytes record(StoredRule rule, boolean deleted, boolean created, Instant until) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("schemaVersion", RuleCodec.SCHEMA_VERSION);
        map.put("hash", hash);
        map.put("until", until.toString());
        map.put("created", created);
        if (deleted) {
            map.put("revision", rule.revision());
        }
        map.put("rule", RuleCodec.map(rule));
        return RuleCodec.bytes(map);
    }

    static Known read(Entry entry) {
        JsonNode tree = RuleCodec.tree(entry.value());
        long revision = tree.path("revision").asLong(entry.modRevision());
        StoredRule rule = RuleCodec.rule(tree.path("rule"), revision);
        Outcome outcome = new Outcome(rule, tree.path("created").asBoolean(false), true, entry.modRevision());
        return new Known(RuleCodec.text(tree, "hash"), until(entry), outcome);
    }

    static Instant until(Entry entry) {
        return Instant.parse(RuleCodec.text(RuleCodec.tree(entry.value()), "until"));
    }

    private static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
