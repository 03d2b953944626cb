/** When a rule may act: start and end, recurring windows, ramps. Has no clock; the time is an argument. */
@NullMarked
package dev.mishap.rules.schedule;

import org.jspecify.annotations.NullMarked;
