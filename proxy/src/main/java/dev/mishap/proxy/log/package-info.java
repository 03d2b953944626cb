/** The process's own log: an SLF4J provider that writes Envoy's log lines. Knows no other package. */
@NullMarked
package dev.mishap.proxy.log;

import org.jspecify.annotations.NullMarked;
