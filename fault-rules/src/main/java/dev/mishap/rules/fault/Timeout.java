package dev.mishap.rules.fault;

import java.time.Duration;

/**
 * Accepts and lets nothing through, then closes.
 *
 * @param after more than 0 and at most 24 h
 */
public record Timeout(Duration after) implements ConnectionFault.AtAccept {
    public Timeout {
        Pace.requireTime("after", after);
    }

    @Override
    public Kind kind() {
        return Kind.TIMEOUT;
    }
}
