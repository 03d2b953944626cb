/** Event loops and sockets: which of Netty's transports is used, and how many workers. Knows no protocol. */
@NullMarked
package dev.mishap.proxy.transport;

import org.jspecify.annotations.NullMarked;
