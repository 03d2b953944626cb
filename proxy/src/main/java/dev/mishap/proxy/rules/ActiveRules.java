package dev.mishap.proxy.rules;

import dev.mishap.proxy.http.HeaderName;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.HeaderSlots;
import dev.mishap.rules.RuleSet;
import java.util.List;
import java.util.Map;

/** What workers see of the store: the rules and observers of one moment, compiled. Immutable but for the counts inside. */
public final class ActiveRules {
    /** Nothing in place. */
    public static final ActiveRules NONE = new ActiveRules(RuleSet.EMPTY, List.of(), Map.of(), new HeaderSlots());

    private final RuleSet rules;
    private final Observer[] observers;
    private final Map<String, RuleTag> tags;
    private final HeaderName[] slots;

    ActiveRules(RuleSet rules, List<Observer> observers, Map<String, RuleTag> tags, HeaderSlots slots) {
        this.rules = rules;
        this.observers = observers.toArray(new Observer[0]);
        this.tags = Map.copyOf(tags);
        this.slots = slots.names().stream().map(HeaderName::unshared).toArray(HeaderName[]::new);
    }

    private ActiveRules(RuleSet rules, Observer[] observers, Map<String, RuleTag> tags, HeaderName[] slots) {
        this.rules = rules;
        this.observers = observers;
        this.tags = tags;
        this.slots = slots;
    }

    /** The same observers, and no rule. */
    ActiveRules withoutRules() {
        return new ActiveRules(RuleSet.EMPTY, observers, Map.of(), slots);
    }

    /** Whether there is nothing to do for a request. */
    public boolean isIdle() {
        return rules.hasNoRequestRules() && observers.length == 0;
    }

    public RuleSet rules() {
        return rules;
    }

    public int observerCount() {
        return observers.length;
    }

    public Observer observer(int index) {
        return observers[index];
    }

    /** The header that the rules call by this number. */
    public HeaderName header(int slot) {
        return slots[slot];
    }

    /** How the rule marks a request that it touches. */
    public RuleTag tag(FaultRule rule) {
        RuleTag tag = tags.get(rule.name());
        if (tag == null) {
            throw new IllegalArgumentException(rule.name());
        }
        return tag;
    }
}
