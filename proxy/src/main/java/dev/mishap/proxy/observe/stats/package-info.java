/** Counters, gauges and histograms under Envoy's names, and their text, JSON and Prometheus forms. Knows no HTTP. */
@NullMarked
package dev.mishap.proxy.observe.stats;

import org.jspecify.annotations.NullMarked;
