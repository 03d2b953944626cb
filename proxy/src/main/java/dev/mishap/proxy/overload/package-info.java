/** The overload manager: what weighs on the process, and what it stops doing then. */
@NullMarked
package dev.mishap.proxy.overload;

import org.jspecify.annotations.NullMarked;
