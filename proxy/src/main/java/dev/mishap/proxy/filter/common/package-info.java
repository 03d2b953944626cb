/** What HTTP filters and network filters have in common. */
@NullMarked
package dev.mishap.proxy.filter.common;

import org.jspecify.annotations.NullMarked;
