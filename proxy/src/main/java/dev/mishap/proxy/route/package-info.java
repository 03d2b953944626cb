/** Route tables: virtual hosts, matchers, redirects, rewrites and header mutations. Knows header maps, no sockets. */
@NullMarked
package dev.mishap.proxy.route;

import org.jspecify.annotations.NullMarked;
