/** Connections within the process: to internal listeners. Knows Netty's channels, and nothing of what is spoken on them. */
@NullMarked
package dev.mishap.proxy.transport.internal;

import org.jspecify.annotations.NullMarked;
