/** {@code envoy.filters.http.admission_control}: refuses requests by chance while many of those before have failed. */
@NullMarked
package dev.mishap.proxy.filter.http.admissioncontrol;

import org.jspecify.annotations.NullMarked;
