/**
 * The xDS server under a fleet: two processes, real sockets on loopback, simulated proxies that send a node as large as Envoy's and
 * acknowledge what they have decoded.
 */
@NullMarked
package dev.mishap.benchmarks.fleet;

import org.jspecify.annotations.NullMarked;
