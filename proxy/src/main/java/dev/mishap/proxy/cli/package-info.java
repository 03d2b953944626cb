/** The command line of {@code mishap proxy}: Envoy's flags, messages and exit codes. Knows the server, nothing knows it. */
@NullMarked
package dev.mishap.proxy.cli;

import org.jspecify.annotations.NullMarked;
