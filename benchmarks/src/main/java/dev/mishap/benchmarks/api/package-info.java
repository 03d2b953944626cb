/** The control plane's API as its callers meet it: over sockets, with the store's acknowledgement. */
@NullMarked
package dev.mishap.benchmarks.api;

import org.jspecify.annotations.NullMarked;
