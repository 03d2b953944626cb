/** The data plane. Knows the rule language, never the control plane. */
@NullMarked
package dev.mishap.proxy;

import org.jspecify.annotations.NullMarked;
