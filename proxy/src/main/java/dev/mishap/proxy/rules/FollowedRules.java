package dev.mishap.proxy.rules;

import dev.mishap.rules.FaultRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rules of one place of the configuration that come and go while the place stays. Put on the main loop, read by all threads. */
public final class FollowedRules implements RuleSource {
    private final RulePlaces places;
    private final String site;
    private volatile @Nullable PlacedRules now;

    /** @param site what tells the place from others, for people, too */
    public FollowedRules(RulePlaces places, String site) {
        this.places = places;
        this.site = site;
    }

    /** These are the place's rules from now on. */
    public void put(List<FaultRule> rules) {
        PlacedRules placed = rules.isEmpty() ? null : places.replace(site, rules);
        PlacedRules before = now;
        if (placed != before) {
            if (placed != null) {
                placed.enter();
            }
            now = placed;
            if (before != null) {
                before.leave();
            }
            places.changed();
        }
    }

    @Override
    public ActiveRules active() {
        PlacedRules placed = now;
        return placed == null ? ActiveRules.NONE : placed.active();
    }

    @Override
    public long nanoTime() {
        return places.nanoTime();
    }

    @Override
    public KillSwitch killSwitch() {
        return places.killSwitch();
    }
}
