/**
 * The xDS server: what a node gets ({@code ResourceView}, made of shared {@code ResourceLayer}s), who is connected and how far each is
 * ({@code Fleet}), and the protocol itself: gRPC streams, REST, client status, load reports. Knows bytes and names of resources, not
 * what is in them, and nothing of rules, stores or the API.
 */
@NullMarked
package dev.mishap.control.xds;

import org.jspecify.annotations.NullMarked;
