/** Rules that stand in a configuration, as messages of {@code mishap.rules.v1}. Knows the rule language and the configuration's tree. */
@NullMarked
package dev.mishap.proxy.rules.config;

import org.jspecify.annotations.NullMarked;
