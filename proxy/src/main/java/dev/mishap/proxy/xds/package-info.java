/**
 * Configuration that arrives while the process runs: resource types, subscriptions, and what waits for their first answer. Knows
 * the configuration's tree and stats; who subscribes and what carries the resources are known by interfaces only.
 */
@NullMarked
package dev.mishap.proxy.xds;

import org.jspecify.annotations.NullMarked;
