package dev.mishap.control.rules;

import org.jspecify.annotations.Nullable;

/**
 * Has a say before a rule is written, with what is there in hand: whether the caller may, whether policy allows it. It is asked again
 * when the rule has changed meanwhile. Quick; refuses by an unchecked exception, which the write then fails with.
 */
@FunctionalInterface
public interface WriteGuard {
    /** Lets everything pass. */
    WriteGuard NONE = (current, next) -> {};

    /**
     * @param current the rule that is there; null = none
     * @param next what it is to become; null = it is to be deleted
     */
    void check(@Nullable StoredRule current, @Nullable RuleDocument next);
}
