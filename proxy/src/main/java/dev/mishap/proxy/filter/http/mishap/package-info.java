/** Our own faults on an HTTP stream: the implicit filter that executes the rules of the API, and {@code mishap.filters.http.fault}. Knows the store of rules, not how they arrive. */
@NullMarked
package dev.mishap.proxy.filter.http.mishap;

import org.jspecify.annotations.NullMarked;
