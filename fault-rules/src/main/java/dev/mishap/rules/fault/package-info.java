/** The faults, one record each: what happens to a request, a connection or a DNS question. Knows neither who is hit nor when. */
@NullMarked
package dev.mishap.rules.fault;

import org.jspecify.annotations.NullMarked;
