/** {@code envoy.filters.http.cdn_loop}: requests that pass a CDN too often are refused (RFC 8586). */
@NullMarked
package dev.mishap.proxy.filter.http.cdnloop;

import org.jspecify.annotations.NullMarked;
