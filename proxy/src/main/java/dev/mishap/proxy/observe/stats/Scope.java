package dev.mishap.proxy.observe.stats;

/** Makes stats whose names start with the scope's prefix. Asked when a configuration is built, not per request. */
public interface Scope {
    Counter counter(String name);

    Gauge gauge(String name);

    Histogram histogram(String name, Histogram.Unit unit);

    /** A scope below this one; {@code prefix} ends with a dot when the caller wants one. */
    Scope scope(String prefix);

    /** A scope below this one for something that may go: its stats go when it is closed, whatever becomes of this scope. */
    OwnedScope owned(String prefix);
}
