/**
 * The control plane's API: rules, fleet, tokens, audit log, over REST and gRPC, with one description of both. Sees the rules through
 * their registry and the fleet through {@link dev.mishap.control.api.FleetView}; knows nothing of xDS.
 */
@NullMarked
package dev.mishap.control.api;

import org.jspecify.annotations.NullMarked;
