/** Access logs: the substitution formatter, access loggers with their filters, and the files they write to. Knows header maps and StreamInfo, no sockets. */
@NullMarked
package dev.mishap.proxy.observe.log;

import org.jspecify.annotations.NullMarked;
