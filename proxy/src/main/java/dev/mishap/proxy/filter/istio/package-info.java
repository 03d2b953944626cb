/** The filters that Istio's proxy has and stock Envoy lacks: accepted, so that configuration for it can be used, and without effect. */
@NullMarked
package dev.mishap.proxy.filter.istio;

import org.jspecify.annotations.NullMarked;
