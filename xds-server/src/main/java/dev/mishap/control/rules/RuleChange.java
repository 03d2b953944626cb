package dev.mishap.control.rules;

import java.util.Set;

/**
 * What changed from one snapshot to a later one. Changes that come faster than they are taken are told as one.
 *
 * @param changed the rules that are new, gone or different; empty when it is the kill switch alone
 */
public record RuleChange(RuleSnapshot before, RuleSnapshot after, Set<RuleKey> changed) {
    public boolean killSwitchChanged() {
        return !before.killSwitch().equals(after.killSwitch());
    }
}
