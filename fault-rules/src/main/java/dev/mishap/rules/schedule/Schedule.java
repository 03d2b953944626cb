package dev.mishap.rules.schedule;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * When a rule may act.
 *
 * @param start not before; null = at once
 * @param end not at or after; null = no end
 * @param windows at least one must hold the present; empty = always
 */
public record Schedule(
        @Nullable Instant start,
        @Nullable Instant end,
        List<Window> windows,
        @Nullable Ramp ramp) {
    public static final Schedule ALWAYS = new Schedule(null, null, List.of(), null);

    public Schedule {
        windows = List.copyOf(windows);
        if (start != null && end != null && !start.isBefore(end)) {
            throw new IllegalArgumentException("end must be after start");
        }
    }

    /** Whether the rule may act at this time. */
    public boolean active(long epochMillis) {
        if (start != null && epochMillis < start.toEpochMilli() || end != null && epochMillis >= end.toEpochMilli()) {
            return false;
        }
        if (windows.isEmpty()) {
            return true;
        }
        Instant now = Instant.ofEpochMilli(epochMillis);
        for (Window window : windows) {
            if (window.contains(now)) {
                return true;
            }
        }
        return false;
    }

    /**
     * How much of the percentage applies, in millionths.
     *
     * @param sinceInstalledNanos how long the rule has been in place
     */
    public int ramped(int millionths, long sinceInstalledNanos, long epochMillis) {
        if (ramp == null) {
            return millionths;
        }
        long since = sinceInstalledNanos;
        if (start != null) {
            since = Math.min(since, Math.max(0, epochMillis - start.toEpochMilli()) * 1_000_000);
        }
        long over = ramp.over().toNanos();
        if (since >= over) {
            return millionths;
        }
        // over is at most 24 h = 2^47 ns and millionths under 2^20, so the product needs 128 bits: divide in
        // microseconds.
        return (int) (millionths * (Math.max(0, since) / 1000) / Math.max(1, over / 1000));
    }
}
