package dev.mishap.control.rules;

import java.time.Instant;

/**
 * The switch that ends all faults of the fleet and keeps new ones from acting, whatever the rules say.
 *
 * @param engaged no fault may act
 * @param reason as given by who switched it
 * @param at when it was switched
 * @param revision of the store; 0 = it was never touched
 */
public record KillSwitch(boolean engaged, String reason, String who, Instant at, long revision) {
    /** Never touched. */
    public static final KillSwitch OFF = new KillSwitch(false, "", "", Instant.EPOCH, 0);
}
