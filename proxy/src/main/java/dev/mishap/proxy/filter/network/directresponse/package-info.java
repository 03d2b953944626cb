/** Network filter {@code direct_response}: the same bytes for every connection. */
@NullMarked
package dev.mishap.proxy.filter.network.directresponse;

import org.jspecify.annotations.NullMarked;
