/** The filter of dynamic forward proxies, which resolves the host that a request names. */
@NullMarked
package dev.mishap.proxy.filter.http.dynamicforward;

import org.jspecify.annotations.NullMarked;
