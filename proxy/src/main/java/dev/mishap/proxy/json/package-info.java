/** Writes values (maps, lists, strings, numbers) as JSON text. Knows nothing else. */
@NullMarked
package dev.mishap.proxy.json;

import org.jspecify.annotations.NullMarked;
