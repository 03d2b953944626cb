/** Matchers over strings, headers and addresses. Knows no request. */
@NullMarked
package dev.mishap.rules.match;

import org.jspecify.annotations.NullMarked;
