/** The descriptors that a request has by the rate limits of its route, virtual host or filter. Knows no filter. */
@NullMarked
package dev.mishap.proxy.route.ratelimit;

import org.jspecify.annotations.NullMarked;
