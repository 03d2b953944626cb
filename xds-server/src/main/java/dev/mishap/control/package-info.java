/** The control plane. Knows the rule language, never the proxy's classes. */
@NullMarked
package dev.mishap.control;

import org.jspecify.annotations.NullMarked;
