/** What {@code mishap validate} and {@code convert} do. Knows the rule language; prints nothing itself. */
@NullMarked
package dev.mishap.control.rules;

import org.jspecify.annotations.NullMarked;
