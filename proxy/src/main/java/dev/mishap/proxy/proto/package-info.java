/** Writes protobuf's wire format without the protobuf library. Knows nothing of any message. */
@NullMarked
package dev.mishap.proxy.proto;

import org.jspecify.annotations.NullMarked;
