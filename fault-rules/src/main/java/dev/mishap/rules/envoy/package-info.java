/** Rules as Envoy's own HTTPFault filter, as far as it can say them. Plain maps, no protobuf. */
@NullMarked
package dev.mishap.rules.envoy;

import org.jspecify.annotations.NullMarked;
