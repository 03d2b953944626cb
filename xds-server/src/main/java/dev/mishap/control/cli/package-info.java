/** The commands of {@code mishap} but the data plane's: flags, printing, exit codes. What a command does is in a plain class that it calls. */
@NullMarked
package dev.mishap.control.cli;

import org.jspecify.annotations.NullMarked;
