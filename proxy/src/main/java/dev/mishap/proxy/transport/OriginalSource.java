package dev.mishap.proxy.transport;

import java.net.InetAddress;

/**
 * Where connections upstream are to come from: the address of the client that they are for.
 *
 * @param port of the client; 0 = any
 * @param mark {@code SO_MARK} of the sockets, by which answers are routed back here; 0 = none
 */
public record OriginalSource(InetAddress address, int port, int mark) {}
