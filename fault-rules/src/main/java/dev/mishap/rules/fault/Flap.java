package dev.mishap.rules.fault;

import java.time.Duration;

/**
 * A service that comes and goes: for {@code up} connections pass, for {@code down} they are reset, by turns, from the moment the rule is
 * installed. When a {@code down} begins, connections that this rule let pass are reset.
 */
public record Flap(Duration up, Duration down) implements ConnectionFault.AtAccept {
    public Flap {
        Pace.requireTime("up", up);
        Pace.requireTime("down", down);
    }

    /** Whether connections pass, so long after the rule was installed. */
    public boolean isUp(long sinceInstalledNanos) {
        return Math.floorMod(sinceInstalledNanos, up.toNanos() + down.toNanos()) < up.toNanos();
    }

    /** How long the phase that {@link #isUp} tells of still lasts, in nanoseconds. */
    public long phaseRestNanos(long sinceInstalledNanos) {
        long at = Math.floorMod(sinceInstalledNanos, up.toNanos() + down.toNanos());
        return (at < up.toNanos() ? up.toNanos() : up.toNanos() + down.toNanos()) - at;
    }

    @Override
    public Kind kind() {
        return Kind.FLAP;
    }
}
