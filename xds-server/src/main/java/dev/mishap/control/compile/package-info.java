/**
 * Rules to what each node of the fleet can execute: extension configurations, per-route configuration, runtime layers. Knows rules
 * and xDS resources; no sockets.
 */
@NullMarked
package dev.mishap.control.compile;

import org.jspecify.annotations.NullMarked;
