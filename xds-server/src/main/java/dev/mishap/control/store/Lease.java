package dev.mishap.control.store;

import java.time.Duration;

/**
 * A promise to come back: keys put under it go when nobody keeps it alive for {@code ttl}.
 *
 * @param id never 0
 * @param ttl as granted, which may be longer than asked for: etcd counts in whole seconds and has a minimum
 */
public record Lease(long id, Duration ttl) {}
