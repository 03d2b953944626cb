/**
 * The rules of the control plane: {@link dev.mishap.control.rules.RuleRegistry} keeps them in a store and tells what changes; and what
 * {@code mishap validate} and {@code convert} do, and rules as messages. Knows the rule language and the store's interface; prints nothing itself.
 */
@NullMarked
package dev.mishap.control.rules;

import org.jspecify.annotations.NullMarked;
