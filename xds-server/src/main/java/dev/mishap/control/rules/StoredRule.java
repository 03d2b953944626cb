package dev.mishap.control.rules;

import dev.mishap.rules.FaultRule;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A rule in the store.
 *
 * @param uid of this rule, unlike that of an earlier one of the same name
 * @param generation grows by one whenever the rule itself changes, from 1; labels, annotations and the end don't count
 * @param revision of the store's last write to it
 * @param created on the clock of the server that did it
 * @param updated likewise, of the last write
 * @param expires when it ends: the write plus its {@code ttl}, or the end of its schedule if that is sooner; null = no end
 * @param who wrote it last, as the API knows callers
 */
public record StoredRule(
        RuleDocument document,
        String uid,
        long generation,
        long revision,
        Instant created,
        Instant updated,
        @Nullable Instant expires,
        String who) {
    public RuleKey key() {
        return document.key();
    }

    public String namespace() {
        return document.namespace();
    }

    public String name() {
        return document.rule().name();
    }

    public FaultRule rule() {
        return document.rule();
    }

    public Map<String, String> labels() {
        return document.rule().labels();
    }

    public Map<String, String> annotations() {
        return document.annotations();
    }

    /** A strong entity tag, RFC 9110 §8.8.3, with its quotes: {@code "42"}. */
    public String etag() {
        return '"' + Long.toString(revision) + '"';
    }

    /** Whether its end has come. */
    public boolean expired(Instant now) {
        return expires != null && !now.isBefore(expires);
    }
}
