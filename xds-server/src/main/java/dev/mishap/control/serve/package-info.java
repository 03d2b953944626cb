/** Assembly of {@code mishap serve}: store, rules, API, xDS, base configuration, compilation. */
@NullMarked
package dev.mishap.control.serve;

import org.jspecify.annotations.NullMarked;
