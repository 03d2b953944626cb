/** How a call fails, whichever way it came: kinds with their codes in HTTP and gRPC, and errors of fields. */
@NullMarked
package dev.mishap.control.problem;

import org.jspecify.annotations.NullMarked;
