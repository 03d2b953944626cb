package dev.mishap.control.rules;

import dev.mishap.control.store.PersistentMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** All rules as they stood at one revision of the store. Immutable. */
public final class RuleSnapshot {
    /** Before the store was read. */
    public static final RuleSnapshot EMPTY = new RuleSnapshot(0, PersistentMap.empty(), KillSwitch.OFF, Map.of());

    private final long revision;
    private final PersistentMap<RuleKey, StoredRule> rules;
    private final KillSwitch killSwitch;
    private final Map<String, String> unreadable;

    RuleSnapshot(
            long revision,
            PersistentMap<RuleKey, StoredRule> rules,
            KillSwitch killSwitch,
            Map<String, String> unreadable) {
        this.revision = revision;
        this.rules = rules;
        this.killSwitch = killSwitch;
        this.unreadable = unreadable;
    }

    /** Of the last change of rules or of the kill switch. */
    public long revision() {
        return revision;
    }

    public int size() {
        return rules.size();
    }

    public @Nullable StoredRule get(RuleKey key) {
        return rules.get(key);
    }

    /** In the order of namespace and name. */
    public void forEach(Consumer<StoredRule> visitor) {
        rules.forEachFrom(null, (key, rule) -> {
            visitor.accept(rule);
            return true;
        });
    }

    /** In the order of namespace and name; a copy. */
    public List<StoredRule> rules() {
        List<StoredRule> list = new ArrayList<>(rules.size());
        forEach(list::add);
        return list;
    }

    public KillSwitch killSwitch() {
        return killSwitch;
    }

    /** Keys of the store whose values can't be read as rules, with the reason: written by a newer version, or damaged. They don't act. */
    public Map<String, String> unreadable() {
        return unreadable;
    }

    PersistentMap<RuleKey, StoredRule> map() {
        return rules;
    }

    RuleSnapshot with(long newRevision, StoredRule rule) {
        return new RuleSnapshot(newRevision, rules.with(rule.key(), rule), killSwitch, unreadable);
    }

    RuleSnapshot without(long newRevision, RuleKey key) {
        return new RuleSnapshot(newRevision, rules.without(key), killSwitch, unreadable);
    }

    RuleSnapshot with(long newRevision, KillSwitch newSwitch) {
        return new RuleSnapshot(newRevision, rules, newSwitch, unreadable);
    }

    /** @param reason null = it can be read, or is gone */
    RuleSnapshot withUnreadable(long newRevision, String key, @Nullable String reason) {
        if (reason == null && !unreadable.containsKey(key)) {
            return this;
        }
        Map<String, String> changed = new TreeMap<>(unreadable);
        if (reason == null) {
            changed.remove(key);
        } else {
            changed.put(key, reason);
        }
        return new RuleSnapshot(newRevision, rules, killSwitch, Map.copyOf(changed));
    }
}
