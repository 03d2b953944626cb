package dev.mishap.control.demo;

import java.util.function.LongSupplier;

/**
 * Opens after so many failures in succession, so that nothing waits for what fails anyway; after a while one call is let through, and its
 * success closes it again.
 */
final class CircuitBreaker {
    private final int failures;
    private final long openNanos;
    private final LongSupplier clock;
    private int inSuccession;
    private long openUntil;
    private boolean open;
    private long opened;
    private long refused;

    CircuitBreaker(int failures, long openNanos, LongSupplier clock) {
        this.failures = failures;
        this.openNanos = openNanos;
        this.clock = clock;
    }

    /** Whether a call may be made; whoever makes it tells how it went. */
    synchronized boolean allows() {
        if (!open) {
            return true;
        }
        if (clock.getAsLong() - openUntil < 0) {
            refused++;
            return false;
        }
        openUntil = clock.getAsLong() + openNanos; // for all but this one
        return true;
    }

    synchronized void succeeded() {
        inSuccession = 0;
        open = false;
    }

    synchronized void failed() {
        if (++inSuccession >= failures) {
            openUntil = clock.getAsLong() + openNanos;
            if (!open) {
                open = true;
                opened++;
            }
        }
    }

    /** In words. */
    synchronized String account() {
        return "its circuit breaker opened " + opened + (opened == 1 ? " time" : " times") + ", kept " + refused
                + " payments from waiting, and is " + (open ? "open" : "closed");
    }
}
