/** Assembly: from flags and a bootstrap to running listeners, and down again. Knows everything below; nothing below knows it. */
@NullMarked
package dev.mishap.proxy.server;

import org.jspecify.annotations.NullMarked;
