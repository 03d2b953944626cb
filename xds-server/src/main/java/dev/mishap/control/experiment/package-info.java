/**
 * Runs experiments: reaches proxies by the rules API, reads metrics, drives the engine of {@code fault-rules} and writes reports. Knows no
 * command line and no proxy's classes.
 */
@NullMarked
package dev.mishap.control.experiment;

import org.jspecify.annotations.NullMarked;
