/** Trees of matchers ({@code xds.type.matcher.v3.Matcher}) and the inputs that they look at. */
@NullMarked
package dev.mishap.proxy.filter.common.matching;

import org.jspecify.annotations.NullMarked;
