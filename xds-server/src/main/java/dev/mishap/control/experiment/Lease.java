package dev.mishap.control.experiment;

import java.time.Duration;

/**
 * What keeps a run's rules and observers alive on the proxies; when it is not renewed in time they end by themselves.
 *
 * @param id unique to the run
 * @param length on the proxy's own clock
 * @param renewal how often it is renewed
 */
public record Lease(String id, Duration length, Duration renewal) {
    /** The lengths that every run has: 5 s, renewed every 1.5 s. */
    public static Lease of(String id) {
        return new Lease(id, Duration.ofSeconds(5), Duration.ofMillis(1500));
    }

    long millis() {
        return length.toMillis();
    }
}
