/** Durable writes a second of the control plane's stores, side by side. */
@NullMarked
package dev.mishap.benchmarks.store;

import org.jspecify.annotations.NullMarked;
