/** Discovery over REST, for proxies that poll: JSON in, JSON out. Knows the views of {@code xds} and the JSON of {@code base}. */
@NullMarked
package dev.mishap.control.xds.rest;

import org.jspecify.annotations.NullMarked;
