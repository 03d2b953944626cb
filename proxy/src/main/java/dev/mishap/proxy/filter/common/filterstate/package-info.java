/** What the filters have in common that set filter state: of a request, and of a connection. */
@NullMarked
package dev.mishap.proxy.filter.common.filterstate;

import org.jspecify.annotations.NullMarked;
