/** Network filter {@code echo}: bytes go back to where they came from. */
@NullMarked
package dev.mishap.proxy.filter.network.echo;

import org.jspecify.annotations.NullMarked;
