/** DNS messages as bytes (RFC 1035 §4): read in place, built, changed where they lie. Knows buffers only. */
@NullMarked
package dev.mishap.proxy.dns.wire;

import org.jspecify.annotations.NullMarked;
