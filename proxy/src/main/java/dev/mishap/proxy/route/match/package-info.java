/** Matchers of requests: strings, headers, query parameters, paths, metadata, runtime fractions. Know header maps and runtime values, nothing of routes. */
@NullMarked
package dev.mishap.proxy.route.match;

import org.jspecify.annotations.NullMarked;
