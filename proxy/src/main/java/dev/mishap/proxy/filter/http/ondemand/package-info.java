/** Requests wait for the virtual host or the cluster that they are the first to need. */
@NullMarked
package dev.mishap.proxy.filter.http.ondemand;

import org.jspecify.annotations.NullMarked;
