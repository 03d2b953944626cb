/** Configuration that is polled from a management server by HTTP. */
@NullMarked
package dev.mishap.proxy.xds.rest;

import org.jspecify.annotations.NullMarked;
