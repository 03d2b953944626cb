package dev.mishap.control.audit;

import dev.mishap.rules.yaml.DocumentText;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One fact. Secrets don't belong here: who writes a record leaves them out.
 *
 * @param who the authenticated identity
 * @param from the address of the peer, or the part of the server that did it
 * @param action a verb and its kind, such as {@code rule.create}, {@code token.revoke}, {@code access.denied}
 * @param target what it was done to, such as {@code default/checkout-503}
 * @param before the target as a JSON document; null = there was none, or it does not matter
 * @param after likewise, after it
 * @param note more in words; null = nothing
 */
public record AuditRecord(
        Instant at,
        String who,
        String from,
        String action,
        String target,
        @Nullable Map<String, Object> before,
        @Nullable Map<String, Object> after,
        @Nullable String note) {
    private static final int MAX_TEXT = 1024;
    /** Of the JSON: well under what a transaction takes, since it must fit into one beside what it tells of. */
    private static final int MAX_JSON = 256 << 10;

    public AuditRecord {
        who = cut(who);
        from = cut(from);
        action = cut(action);
        target = cut(target);
        note = note == null ? null : cut(note);
    }

    private static String cut(String text) {
        return text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) + "…" : text;
    }

    String json() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("at", at.toString());
        map.put("who", who);
        map.put("from", from);
        map.put("action", action);
        map.put("target", target);
        put(map, "before", before);
        put(map, "after", after);
        put(map, "note", note);
        String json = DocumentText.jsonLine(map);
        if (json.length() > MAX_JSON) {
            map.remove("before");
            map.remove("after");
            map.put(
                    "note",
                    (note == null ? "" : note + "; ") + "before and after are left out: " + json.length()
                            + " characters");
            return DocumentText.jsonLine(map);
        }
        return json;
    }

    private static void put(Map<String, Object> map, String name, @Nullable Object value) {
        if (value != null) {
            map.put(name, value);
        }
    }
}
