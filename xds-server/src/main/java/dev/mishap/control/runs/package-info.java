/** Records of experiments' runs: who ran what and when, through which phases, with which verdict and report. Knows the store, no protocol. */
@NullMarked
package dev.mishap.control.runs;

import org.jspecify.annotations.NullMarked;
