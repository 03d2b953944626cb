/** Someone else's control plane as the base: one stream upstream for each downstream, passed through as it is. */
@NullMarked
package dev.mishap.control.overlay;

import org.jspecify.annotations.NullMarked;
