/**
 * What {@code mishap validate} and {@code convert} do, and rules as messages. Knows the rule language; prints nothing itself.
 */
@NullMarked
package dev.mishap.control.rules;

import org.jspecify.annotations.NullMarked;
