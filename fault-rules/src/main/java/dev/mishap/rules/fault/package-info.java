/** The faults, one record each: what happens to a request. Knows neither who is hit nor when. */
@NullMarked
package dev.mishap.rules.fault;

import org.jspecify.annotations.NullMarked;
