/** Name resolution that never blocks. Knows nothing of clusters. */
@NullMarked
package dev.mishap.proxy.dns;

import org.jspecify.annotations.NullMarked;
