/** {@code envoy.filters.http.custom_response}: answers in the place of upstreams' responses, by a tree of matchers. */
@NullMarked
package dev.mishap.proxy.filter.http.customresponse;

import org.jspecify.annotations.NullMarked;
