/** Experiments: what is believed, what is broken to test it, and when to stop. Pure values and decisions; no clock, no I/O. */
@NullMarked
package dev.mishap.rules.experiment;

import org.jspecify.annotations.NullMarked;
