/** Executes rules about connections: what becomes of them when they are accepted, and what happens to their bytes. */
@NullMarked
package dev.mishap.proxy.filter.network.mishap;

import org.jspecify.annotations.NullMarked;
