/** The vocabulary of fault injection: rules, scopes, faults and the decision which request is touched. Knows no Netty, no I/O and no clock of its own. */
@NullMarked
package dev.mishap.rules;

import org.jspecify.annotations.NullMarked;
