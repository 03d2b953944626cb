/** What of Envoy's configuration is supported, in one list, and loading a bootstrap against it. Knows the translators, not what they build. */
@NullMarked
package dev.mishap.proxy.config;

import org.jspecify.annotations.NullMarked;
