/**
 * The life of an experiment as a state machine, and its verdict: readings and the time go in, orders come out. Knows no proxies, no I/O, no
 * threads and no clock of its own.
 */
@NullMarked
package dev.mishap.rules.experiment.engine;

import org.jspecify.annotations.NullMarked;
