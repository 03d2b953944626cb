package dev.mishap.rules.fault;

import java.time.Duration;

/** An end of stream is passed on so much later. */
public record SlowClose(Duration delay) implements ConnectionFault {
    public SlowClose {
        Pace.requireTime("delay", delay);
    }

    @Override
    public Kind kind() {
        return Kind.SLOW_CLOSE;
    }
}
